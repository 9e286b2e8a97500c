// deps: socketio
// Packets in MessagePack: what decodes keeps the promises of PacketView, and encoding and decoding it again
// gives the same. JSON text that is valid survives the way through MessagePack, after which it no longer
// changes.
#include <cstdio>
#include <cstdlib>
#include <source_location>

#include "base/bytes.h"
#include "socketio/json_scan.h"
#include "socketio/msgpack.h"

namespace {

using namespace patchbay::socketio;

constexpr MsgpackLimits kLimits{
    .max_attachments = 10, .max_namespace_bytes = 64, .max_data_bytes = 1'000'000};

void check(bool holds, std::source_location where = std::source_location::current()) {
  if (holds) return;
  std::fprintf(stderr, "the check in line %u does not hold\n", where.line());
  std::abort();
}

void check_promises(const PacketView& packet, size_t message_size) {
  check(packet.nsp.starts_with('/') && packet.nsp.size() <= kLimits.max_namespace_bytes);
  check(packet.attachments <= kLimits.max_attachments && is_binary(packet.type) == (packet.attachments > 0));
  check(packet.data.size() <= 6 * message_size + 40 * packet.attachments);
  check(packet.data.empty() || is_valid_json(packet.data, {.check_utf8 = true}));
  // The default encoding can carry it.
  std::string text;
  append_packet(text, packet);
  PacketView again;
  check(static_cast<bool>(decode_packet(text, {}, again)));
  check(again.type == packet.type && again.nsp == packet.nsp && again.id == packet.id &&
        again.data == packet.data && again.attachments == packet.attachments);
}

bool same(const MsgpackPacket& a, const MsgpackPacket& b) {
  if (a.type != b.type || a.nsp != b.nsp || a.id != b.id || a.data != b.data) return false;
  if (a.attachments.size() != b.attachments.size()) return false;
  for (size_t i = 0; i < a.attachments.size(); ++i)
    if (*a.attachments[i] != *b.attachments[i]) return false;
  return true;
}

void check_round_trip(const MsgpackPacket& packet) {
  size_t size = packet.nsp.size() + packet.data.size();
  for (const Attachment& attachment : packet.attachments) size += attachment->size();
  const std::string bytes = encode_msgpack_packet(packet.view(), packet.attachments);
  check(bytes.size() <= 3 * size + 64);
  MsgpackPacket again;
  check(static_cast<bool>(decode_msgpack_packet(bytes, kLimits, again)));
  check(same(packet, again));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  MsgpackPacket packet;
  const DecodeStatus status = decode_msgpack_packet(input, kLimits, packet);
  check(status.message().size() <= 123);
  if (status) {
    check_promises(packet.view(), size);
    check_round_trip(packet);
  }

  // Nothing in JSON is too much for MessagePack.
  const std::string json = "[" + std::string(input) + "]";
  if (is_valid_json(json, {.check_utf8 = true})) {
    const std::string bytes = encode_msgpack_packet({.type = PacketType::kAck, .id = 1, .data = json}, {});
    check(static_cast<bool>(decode_msgpack_packet(bytes, kLimits, packet)));
    check_round_trip(packet);
  } else {
    encode_msgpack_packet({.type = PacketType::kAck, .data = input}, {});
  }
  return 0;
}
