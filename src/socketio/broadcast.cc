#include "socketio/broadcast.h"

#include <memory>

#include "socketio/namespace.h"
#include "socketio/packet.h"

namespace patchbay::socketio {

Broadcast& Broadcast::to(std::string_view room) {
  message_.rooms.emplace_back(room);
  return *this;
}

Broadcast& Broadcast::except(std::string_view room) {
  message_.except.emplace_back(room);
  return *this;
}

Broadcast& Broadcast::make_volatile() {
  message_.is_volatile = true;
  return *this;
}

void Broadcast::emit_args(std::string_view event, const Args& args) {
  auto message = std::make_shared<BroadcastMessage>(message_);
  append_event(message->packet, nsp_.name(), std::nullopt, event, args.json, args.attachments.size());
  message->attachments = args.attachments;
  nsp_.deliver_everywhere(std::move(message));
}

void Broadcast::disconnect_sockets(bool close) {
  nsp_.disconnect_everywhere(std::make_shared<const BroadcastMessage>(message_), close);
}

}  // namespace patchbay::socketio
