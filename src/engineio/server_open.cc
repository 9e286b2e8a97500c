// How a session is opened: may there be one more from here, and now; does the application want it; open it.
#include <algorithm>
#include <array>
#include <utility>

#include "engineio/header_list.h"
#include "engineio/opening.h"
#include "engineio/server.h"
#include "engineio/server_shard.h"
#include "websocket/handshake.h"

namespace patchbay::engineio {

// Waits for the application's decision, which may come from any thread, or never.
class Server::Undecided final : public Decision::Sink, public std::enable_shared_from_this<Undecided> {
 public:
  Undecided(Server& server, Opening opening)
      : server_(server), shard_(opening.exchange->shard()), opening_(std::move(opening)) {}

  HandshakeRequest request() const { return {opening_.exchange->request(), opening_.address}; }

  // On the shard.
  void start() {
    Executor::Timer deadline = shard_.run_after(server_.options_.allow_request_timeout,
                                                [self = shared_from_this()] { self->on_deadline(); });
    server_.per_shard_[shard_.index()]->undecided.emplace(this, std::move(deadline));
  }

  void decide(std::optional<std::string> refused) override {
    if (decided_.exchange(true)) return;
    const auto carry_out = [self = shared_from_this(), refused = std::move(refused)] { self->end(refused); };
    shard_.on_this_thread() ? carry_out() : shard_.post(carry_out);
  }

 private:
  void on_deadline() {
    if (decided_.exchange(true)) return;
    // The timer must not go while it runs.
    shard_.post([self = shared_from_this()] {
      self->forget();
      self->server_.refuse_busy(self->opening_.exchange, BusyReason::kUndecided);
    });
  }

  void end(const std::optional<std::string>& refused) {
    forget();
    if (!opening_.exchange->open()) return;  // the peer did not wait
    if (refused) return server_.refuse(opening_.exchange, refusals::kForbidden, *refused);
    server_.open(opening_);
  }

  void forget() { server_.per_shard_[shard_.index()]->undecided.erase(this); }

  Server& server_;
  net::Shard& shard_;
  const Opening opening_;
  std::atomic<bool> decided_{false};
};

void Server::admit(Opening opening) {
  if (draining_.load(std::memory_order_relaxed))
    return refuse_busy(opening.exchange, BusyReason::kDraining, Milliseconds(1'000));
  if (!(options_.admission.sessions_per_second_per_address > 0)) return admit_rate(std::move(opening));
  const auto key = address_key(opening.address);
  if (!key) return admit_rate(std::move(opening));  // a listener without addresses
  // One shard keeps the account of an address, wherever its connections land.
  PerShard& owner = *per_shard_[key->hash() % per_shard_.size()];
  if (owner.shard->on_this_thread()) return admit_address(std::move(opening), *key);
  owner.shard->post(
      [this, opening = std::move(opening), key = *key]() mutable { admit_address(std::move(opening), key); });
}

// On the shard that keeps the account of the address.
void Server::admit_address(Opening opening, const AddressKey& key) {
  PerShard& owner = *per_shard_[net::Shard::current()->index()];
  const Milliseconds wait = owner.addresses.admit(key, owner.shard->now());
  if (wait.count() > 0) return refuse_busy(opening.exchange, BusyReason::kAddressRate, wait);
  net::Shard& home = opening.exchange->shard();
  if (home.on_this_thread()) return admit_rate(std::move(opening));
  home.post([this, opening = std::move(opening)]() mutable {
    if (opening.exchange->open()) admit_rate(std::move(opening));
  });
}

void Server::admit_rate(Opening opening) {
  PerShard& mine = *per_shard_[opening.exchange->shard().index()];
  if (mine.sessions.size() >= options_.max_sessions_per_shard)
    return refuse_busy(opening.exchange, BusyReason::kTooManySessions, Milliseconds(2'000));
  const SteadyTime now = mine.shard->now();
  if (!admission_rate_.take(mine.admission, now))
    return refuse_busy(opening.exchange, BusyReason::kRate, admission_rate_.wait(mine.admission, now));
  if (options_.allow_request) return ask(std::move(opening));
  open(opening);
}

void Server::ask(Opening opening) {
  PerShard& mine = *per_shard_[opening.exchange->shard().index()];
  if (mine.undecided.size() >= options_.max_undecided_per_shard)
    return refuse_busy(opening.exchange, BusyReason::kUndecided, Milliseconds(1'000));
  const auto undecided = std::make_shared<Undecided>(*this, std::move(opening));
  undecided->start();
  options_.allow_request(undecided->request(), Decision(undecided));
}

void Server::open(const Opening& opening) {
  // Time may have passed since the first look.
  if (closing_.load(std::memory_order_relaxed))
    return refuse_busy(opening.exchange, BusyReason::kShuttingDown, Milliseconds(1'000));
  if (draining_.load(std::memory_order_relaxed))
    return refuse_busy(opening.exchange, BusyReason::kDraining, Milliseconds(1'000));
  opening.websocket ? open_websocket(opening) : open_polling(opening);
}

namespace {

// What is worth keeping of a request's headers, in memory of exactly that size.
HeaderList keep_headers(const http::Request& request, bool websocket) {
  constexpr std::array<std::string_view, 5> kOpening{"connection", "upgrade", "sec-websocket-key",
                                                     "sec-websocket-version", "sec-websocket-extensions"};
  const auto kept = [&](std::string_view name) {
    return !websocket || std::ranges::find(kOpening, name) == kOpening.end();
  };
  size_t bytes = 0;
  for (const auto& [name, value] : request.headers)
    if (kept(name)) bytes += HeaderList::bytes_of(name, value);
  HeaderList headers;
  headers.reserve(bytes);
  for (const auto& [name, value] : request.headers)
    if (kept(name)) headers.emplace_back(name, value);
  return headers;
}

std::shared_ptr<const Handshake> make_handshake(const http::Request& request, bool websocket,
                                                std::string address) {
  return std::make_shared<const Handshake>(Handshake{.headers = keep_headers(request, websocket),
                                                     .query = request.query,
                                                     .address = std::move(address),
                                                     .secure = request.secure,
                                                     .websocket = websocket,
                                                     .time = SystemClock().wall_now()});
}

}  // namespace

HeaderLines Server::initial_headers_for(const http::Request& request, const SessionId& id) const {
  HeaderLines headers;
  if (options_.cookie) headers.emplace_back("set-cookie", set_cookie(*options_.cookie, id.view()));
  if (options_.initial_headers) options_.initial_headers(request, headers);
  return headers;
}

void Server::open_polling(const Opening& opening) {
  const http::Request& request = opening.exchange->request();
  net::Shard& shard = opening.exchange->shard();
  PerShard& mine = *per_shard_[shard.index()];
  const SessionId id = SessionId::generate(shard.index());
  auto link = std::make_unique<Link>(*this, shard, id, make_handshake(request, false, opening.address),
                                     opening.dialect);
  Link& it = *link;
  mine.sessions.emplace(id, std::move(link));
  mine.session_count.store(mine.sessions.size(), std::memory_order_relaxed);
  it.open_with_poll(opening.exchange, initial_headers_for(request, id));
}

void Server::open_websocket(const Opening& opening) {
  const http::Request& request = opening.exchange->request();
  auto accepted = websocket::accept_upgrade(request, options_.per_message_deflate);
  if (!accepted) return respond(opening.exchange, std::move(accepted).error());
  net::Shard& shard = opening.exchange->shard();
  PerShard& mine = *per_shard_[shard.index()];
  const SessionId id = SessionId::generate(shard.index());
  accepted->response =
      finish_upgrade_response(request, std::move(accepted->response), initial_headers_for(request, id));
  auto link = std::make_unique<Link>(*this, shard, id, make_handshake(request, true, opening.address),
                                     opening.dialect);
  Link& it = *link;
  mine.sessions.emplace(id, std::move(link));
  mine.session_count.store(mine.sessions.size(), std::memory_order_relaxed);
  http::Exchange::Upgrade upgrade = opening.exchange->take_stream();
  it.open_with_websocket(std::move(upgrade.stream), *accepted, std::move(upgrade.leftover));
}

}  // namespace patchbay::engineio
