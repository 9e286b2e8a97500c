#include "socketio/admin_feed.h"

#include <algorithm>

#include <boost/json/object.hpp>

#include "socketio/admin_json.h"
#include "socketio/json_value.h"
#include "socketio/server.h"

namespace patchbay::socketio {
namespace {

// What may be held back while a list is put together; a few turns of the loops.
constexpr size_t kMaxLater = 10'000;
// Pages that may wait for a list; others come when they connect again.
constexpr size_t kMaxWaiting = 1'000;

WallTime wall_now() {
  return SystemClock().wall_now();
}

}  // namespace

AdminContext::AdminContext(Server& owner, AdminOptions chosen)
    : server(owner),
      nsp(owner.of(chosen.namespace_name)),
      hub(owner.shards()[0]),
      options(std::move(chosen)) {}

bool AdminContext::is_watched() const {
  return nsp.socket_count() > 0 || server.options().adapter != nullptr;
}

AdminFeed::AdminFeed(std::shared_ptr<AdminContext> context)
    : context_(std::move(context)),
      budget_(
          std::max<size_t>(1, context_->options.max_events_per_second / context_->server.shards().size())) {
  for (size_t i = 0; i < context_->server.shards().size(); ++i)
    per_shard_.push_back(std::make_unique<PerShard>());
}

uint64_t AdminFeed::dropped() const {
  uint64_t sum = 0;
  for (const auto& part : per_shard_) sum += part->dropped.get();
  return sum;
}

// --- Where it happens -------------------------------------------------------------------------------------

bool AdminFeed::is_silent(Kind kind) {
  if (!context_->is_watched()) return true;
  net::Shard& here = *net::Shard::current();
  PerShard& mine = *per_shard_[here.index()];
  const auto second = static_cast<int64_t>(here.now_ms() / 1'000);
  if (mine.second != second) {
    mine.second = second;
    mine.events = mine.changes = 0;
  }
  size_t& used = kind == Kind::kEvent ? mine.events : mine.changes;
  if (used < budget_) {
    ++used;
    return false;
  }
  mine.dropped.add();
  if (kind == Kind::kChange) mine.missed_change.store(true, std::memory_order_relaxed);
  return true;
}

void AdminFeed::tell(std::string_view name, Args args) {
  context_->hub.post(
      [self = shared_from_this(), from = net::Shard::current()->index(),
       message = Message{name, std::move(args)}]() mutable { self->pass_on(from, std::move(message)); });
}

void AdminFeed::tell_room(std::string_view name, const Socket& socket, std::string_view room) {
  tell(name, make_args(socket.nsp().name(), room, socket.id(), to_iso8601(wall_now())));
}

void AdminFeed::tell_event(std::string_view name, const Socket& socket, std::string_view event,
                           const ArgsView& args) {
  // What pages are told is not told to pages.
  if (&socket.nsp() == &context_->nsp || is_silent(Kind::kEvent)) return;
  tell(name, admin_event(socket, event, args, wall_now()));
}

boost::json::object AdminFeed::describe(const Socket& socket) const {
  const AdminOptions& options = context_->options;
  return options.describe && &socket.nsp() != &context_->nsp ? options.describe(socket)
                                                             : boost::json::object();
}

boost::json::object AdminFeed::socket_json(const Socket& socket) const {
  return admin_socket(socket, describe(socket), context_->server.options().engine.path);
}

void AdminFeed::on_connected(Socket& socket) {
  if (is_silent(Kind::kChange)) return;
  tell("socket_connected", make_args(socket_json(socket), to_iso8601(wall_now())));
}

void AdminFeed::on_disconnected(Socket& socket, DisconnectReason reason) {
  if (is_silent(Kind::kChange)) return;
  tell("socket_disconnected",
       make_args(socket.nsp().name(), socket.id(), to_string(reason), to_iso8601(wall_now())));
  tell_room("room_left", socket, socket.id());
}

void AdminFeed::on_joined(Socket& socket, std::string_view room) {
  if (!is_silent(Kind::kChange)) tell_room("room_joined", socket, room);
}

void AdminFeed::on_left(Socket& socket, std::string_view room) {
  if (!is_silent(Kind::kChange)) tell_room("room_left", socket, room);
}

void AdminFeed::on_upgraded(Socket& socket) {
  if (is_silent(Kind::kChange)) return;
  tell("socket_updated",
       make_args(boost::json::object{
           {"id", socket.id()}, {"nsp", socket.nsp().name()}, {"transport", to_string(socket.transport())}}));
}

void AdminFeed::data_changed(Socket& socket) {
  if (is_silent(Kind::kChange)) return;
  tell("socket_updated", make_args(boost::json::object{
                             {"id", socket.id()}, {"nsp", socket.nsp().name()}, {"data", describe(socket)}}));
}

void AdminFeed::on_event_received(Socket& socket, std::string_view event, const ArgsView& args) {
  tell_event("event_received", socket, event, args);
}

void AdminFeed::on_event_sent(Socket& socket, std::string_view event, const ArgsView& args) {
  tell_event("event_sent", socket, event, args);
}

// --- The hub ----------------------------------------------------------------------------------------------

void AdminFeed::pass_on(size_t from, Message message) {
  if (!context_->open) return;
  // The list has it already, or will have what came of it: it goes first. Otherwise it must come behind.
  if (!listing_ || !listing_->has_come[from]) return emit(message);
  if (listing_->later.size() < kMaxLater) return listing_->later.push_back(std::move(message));
  per_shard_[0]->dropped.add();
  per_shard_[0]->missed_change.store(true, std::memory_order_relaxed);
}

void AdminFeed::emit(const Message& message) {
  Broadcast(context_->nsp).emit_args(message.name, message.args);
}

void AdminFeed::list_for(SocketRef page) {
  context_->hub.post([self = shared_from_this(), page = std::move(page)]() mutable {
    if (!self->context_->open) return;
    if (!self->listing_) {
      self->start_listing({std::move(page)}, false);
    } else if (self->waiting_.size() < kMaxWaiting) {
      self->waiting_.push_back(std::move(page));
    }
  });
}

void AdminFeed::repair() {
  bool wrong = false;
  for (const auto& part : per_shard_)
    wrong = part->missed_change.exchange(false, std::memory_order_relaxed) || wrong;
  if (!wrong) return;
  if (listing_) {
    // The one under way may miss it too: the next time.
    per_shard_[0]->missed_change.store(true, std::memory_order_relaxed);
  } else {
    start_listing({}, true);
  }
}

void AdminFeed::start_listing(std::vector<SocketRef> pages, bool for_all) {
  net::ShardGroup& shards = context_->server.shards();
  listing_.emplace(Listing{.pages = std::move(pages), .for_all = for_all});
  listing_->has_come.resize(shards.size());
  listing_->missing = shards.size();
  const auto namespaces =
      std::make_shared<const std::vector<std::shared_ptr<Namespace>>>(context_->server.namespaces());
  for (size_t i = 0; i < shards.size(); ++i)
    shards[i].post([self = shared_from_this(), namespaces, i, count = shards.size()] {
      if (!self->context_->open) return;
      std::string sockets;
      size_t left = std::max<size_t>(1, self->context_->options.max_listed_sockets / count);
      for (const auto& nsp : *namespaces)
        nsp->visit_shard([&](const Socket& socket) {
          if (left == 0) return false;
          --left;
          if (!sockets.empty()) sockets += ',';
          sockets += serialize_json(self->socket_json(socket));
          return true;
        });
      self->context_->hub.post([self, i, sockets = std::move(sockets)] { self->add_to_listing(i, sockets); });
    });
}

void AdminFeed::add_to_listing(size_t shard, std::string_view sockets) {
  if (!context_->open) return;
  listing_->has_come[shard] = true;
  if (!sockets.empty()) {
    if (!listing_->sockets.empty()) listing_->sockets += ',';
    listing_->sockets += sockets;
  }
  if (--listing_->missing == 0) finish_listing();
}

void AdminFeed::finish_listing() {
  Listing done = std::move(*listing_);
  listing_.reset();
  const auto args = std::make_shared<const Args>(Args{.json = "[" + done.sockets + "]", .attachments = {}});
  if (done.for_all) context_->nsp.local().emit_args("all_sockets", *args);
  for (const SocketRef& page : done.pages)
    page.run([args](Socket& socket) { socket.emit_args("all_sockets", *args); });
  for (const Message& message : done.later) emit(message);
  if (!waiting_.empty()) start_listing(std::exchange(waiting_, {}), false);
}

void AdminFeed::shut() {
  listing_.reset();
  waiting_.clear();
}

}  // namespace patchbay::socketio
