#include "socketio/broadcast.h"

#include <algorithm>
#include <iterator>

#include "socketio/namespace.h"
#include "socketio/outgoing.h"
#include "socketio/packet.h"
#include "socketio/server.h"

namespace patchbay::socketio {

Broadcast& Broadcast::to(std::string_view room) {
  selection_.rooms.emplace_back(room);
  return *this;
}
Broadcast& Broadcast::except(std::string_view room) {
  selection_.except.emplace_back(room);
  return *this;
}
Broadcast& Broadcast::local() {
  selection_.local = true;
  return *this;
}
Broadcast& Broadcast::make_volatile() {
  flags_.is_volatile = true;
  return *this;
}
Broadcast& Broadcast::compress(bool compress) {
  flags_.compress = compress;
  return *this;
}
Broadcast& Broadcast::coalesce(std::string_view key) {
  flags_.coalesce_key = key;
  return *this;
}
Broadcast& Broadcast::timeout(Milliseconds timeout) {
  timeout_ = timeout;
  return *this;
}

namespace {

// A handler's place: the calling shard, elsewhere the first.
template <typename Handler>
void answer_nobody(Namespace& nsp, Handler handler) {
  if (net::Shard::current() != nullptr) return handler({});
  nsp.server().shards()[0].post([handler = std::move(handler)]() mutable { handler({}); });
}

void add(BroadcastAcks& sum, BroadcastAcks part) {
  std::ranges::move(part.responses, std::back_inserter(sum.responses));
  sum.expected += part.expected;
}
void add(std::vector<RemoteSocket>& sum, std::vector<RemoteSocket> part) {
  std::ranges::move(part, std::back_inserter(sum));
}

// Asks each of a pattern's children, and brings together what they answer; all of it on one shard.
template <typename Part, typename Handler, typename Ask>
void gather(Namespace& pattern, const std::vector<std::shared_ptr<Namespace>>& children, Handler handler,
            const Ask& ask) {
  struct Gathering {
    size_t missing;
    Handler handler;
    Part sum;
  };
  if (children.empty()) return answer_nobody(pattern, std::move(handler));
  const auto all = std::make_shared<Gathering>(Gathering{children.size(), std::move(handler), {}});
  for (const auto& child : children)
    ask(*child, Handler([all](Part part) {
      add(all->sum, std::move(part));
      if (--all->missing == 0) all->handler(std::move(all->sum));
    }));
}

}  // namespace

// The namespace itself, or the children of a pattern.
void Broadcast::for_each_namespace(const std::function<void(Namespace&)>& action) {
  if (!nsp_.matches_) return action(nsp_);
  for (const auto& child : nsp_.server().children_of(nsp_)) action(*child);
}

void Broadcast::emit_args(std::string_view event, const Args& args) {
  if (!may_emit(event, nsp_)) return;
  for_each_namespace([&](Namespace& nsp) {
    auto message = std::make_shared<BroadcastMessage>(
        BroadcastMessage{.to = selection_, .flags = flags_, .attachments = args.attachments});
    append_event(message->packet, nsp.name(), std::nullopt, event, args.json, args.attachments.size());
    selection_.local ? nsp.local_broadcast(std::move(message)) : nsp.adapter().broadcast(std::move(message));
  });
}

void Broadcast::emit_with_ack_args(std::string_view event, const Args& args, BroadcastAckHandler handler) {
  if (!may_emit(event, nsp_)) return answer_nobody(nsp_, std::move(handler));
  const auto ask = [&](Namespace& nsp, BroadcastAckHandler done) {
    auto message = std::make_shared<BroadcastMessage>(BroadcastMessage{
        .to = selection_, .flags = flags_, .attachments = args.attachments, .ack_id = nsp.next_ack_id()});
    append_event(message->packet, nsp.name(), message->ack_id, event, args.json, args.attachments.size());
    selection_.local ? nsp.local_broadcast_with_ack(std::move(message), timeout_, std::move(done))
                     : nsp.adapter().broadcast_with_ack(std::move(message), timeout_, std::move(done));
  };
  if (!nsp_.matches_) return ask(nsp_, std::move(handler));
  gather<BroadcastAcks>(nsp_, nsp_.server().children_of(nsp_), std::move(handler), ask);
}

void Broadcast::fetch_sockets(FetchHandler handler) {
  const auto ask = [&](Namespace& nsp, FetchHandler done) {
    selection_.local ? nsp.local_fetch_sockets(selection_, std::move(done))
                     : nsp.adapter().fetch_sockets(selection_, timeout_, std::move(done));
  };
  if (!nsp_.matches_) return ask(nsp_, std::move(handler));
  gather<std::vector<RemoteSocket>>(nsp_, nsp_.server().children_of(nsp_), std::move(handler), ask);
}

void Broadcast::sockets_join(std::vector<std::string> rooms) {
  for_each_namespace([&](Namespace& nsp) {
    selection_.local ? nsp.local_sockets_join(selection_, rooms)
                     : nsp.adapter().sockets_join(selection_, rooms);
  });
}

void Broadcast::sockets_leave(std::vector<std::string> rooms) {
  for_each_namespace([&](Namespace& nsp) {
    selection_.local ? nsp.local_sockets_leave(selection_, rooms)
                     : nsp.adapter().sockets_leave(selection_, rooms);
  });
}

void Broadcast::disconnect_sockets(bool close) {
  for_each_namespace([&](Namespace& nsp) {
    selection_.local ? nsp.local_disconnect_sockets(selection_, close)
                     : nsp.adapter().disconnect_sockets(selection_, close);
  });
}

}  // namespace patchbay::socketio
