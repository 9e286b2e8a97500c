#include "socketio/outgoing.h"

#include "base/log.h"
#include "socketio/msgpack.h"
#include "socketio/namespace.h"
#include "socketio/packet.h"

namespace patchbay::socketio {

bool may_emit(std::string_view event, const Namespace& nsp) {
  if (!is_reserved_event(event)) [[likely]]
    return true;
  log::error("An event was not sent: its name is reserved", {{"event", event}, {"namespace", nsp.name()}});
  return false;
}

std::string to_msgpack(std::string_view packet, std::span<const Attachment> attachments) {
  PacketView view;
  // What we have written reads back, however many attachments the application gave it.
  if (!decode_packet(packet, {.max_attachments = UINT32_MAX, .max_namespace_bytes = SIZE_MAX}, view))
    return {};
  return encode_msgpack_packet(view, attachments);
}

}  // namespace patchbay::socketio
