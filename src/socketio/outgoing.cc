#include "socketio/outgoing.h"

#include "socketio/msgpack.h"
#include "socketio/packet.h"

namespace patchbay::socketio {

std::string to_msgpack(std::string_view packet, std::span<const Attachment> attachments) {
  PacketView view;
  // What we have written reads back, however many attachments the application gave it.
  if (!decode_packet(packet, {.max_attachments = UINT32_MAX, .max_namespace_bytes = SIZE_MAX}, view))
    return {};
  return encode_msgpack_packet(view, attachments);
}

}  // namespace patchbay::socketio
