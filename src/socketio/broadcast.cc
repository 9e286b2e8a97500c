#include "socketio/broadcast.h"

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
  if (!may_emit(event, nsp_)) {
    net::Shard* const here = net::Shard::current();
    if (here != nullptr) return handler({});
    return nsp_.server().shards()[0].post([handler = std::move(handler)]() mutable { handler({}); });
  }
  auto message = std::make_shared<BroadcastMessage>(BroadcastMessage{
      .to = selection_, .flags = flags_, .attachments = args.attachments, .ack_id = nsp_.next_ack_id()});
  append_event(message->packet, nsp_.name(), message->ack_id, event, args.json, args.attachments.size());
  if (selection_.local) {
    nsp_.local_broadcast_with_ack(std::move(message), timeout_, std::move(handler));
  } else {
    nsp_.adapter().broadcast_with_ack(std::move(message), timeout_, std::move(handler));
  }
}

void Broadcast::fetch_sockets(FetchHandler handler) {
  selection_.local ? nsp_.local_fetch_sockets(selection_, std::move(handler))
                   : nsp_.adapter().fetch_sockets(selection_, timeout_, std::move(handler));
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
