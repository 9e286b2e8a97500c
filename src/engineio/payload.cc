#include "engineio/payload.h"

#include "base/bytes.h"

namespace patchbay::engineio {

namespace detail {

DecodeStatus decode_payload(std::string_view body, const PayloadLimits& limits, PacketVisitor visit,
                            void* context) {
  if (body.size() > limits.max_payload)
    return DecodeStatus::error("the polling body is larger than maxPayload");
  if (body.empty()) return DecodeStatus::error("the polling body is empty: at least one packet is needed");
  if (!is_valid_utf8(body)) return DecodeStatus::error("the polling body is not UTF-8");
  Bytes decoded;
  for (bool more = true; more;) {
    const size_t separator = body.find(kPayloadSeparator);
    const std::string_view text = body.substr(0, separator);
    more = separator != std::string_view::npos;
    if (more) body.remove_prefix(separator + 1);

    if (text.empty()) return DecodeStatus::error("empty packet in the polling body");
    if (text.front() == kBinaryPrefix) {
      decoded.clear();
      if (!append_base64_decoded(decoded, text.substr(1)))
        return DecodeStatus::error("bad base64 in a binary packet of the polling body");
      if (!visit(context, {.data = decoded, .binary = true})) return {};
      continue;
    }
    const auto packet = decode_packet(text);
    if (!packet) return DecodeStatus::error(kInvalidPacket);
    if (!visit(context, *packet)) return {};
  }
  return {};
}

}  // namespace detail

void append_to_payload(std::string& payload, const Packet& packet) {
  if (!payload.empty()) payload += kPayloadSeparator;
  if (packet.binary) {
    payload += kBinaryPrefix;
    append_base64(payload, packet.data);
  } else {
    append_packet(payload, packet.type, packet.data);
  }
}

size_t encoded_size(const Packet& packet) {
  return 1 + (packet.binary ? (packet.data.size() + 2) / 3 * 4 : packet.data.size());
}

std::string handshake_json(const HandshakeFields& fields) {
  std::string json = "{\"sid\":\"";
  json += fields.sid;
  json += fields.upgrade_to_websocket ? "\",\"upgrades\":[\"websocket\"],\"pingInterval\":"
                                      : "\",\"upgrades\":[],\"pingInterval\":";
  json += std::to_string(fields.ping_interval_ms);
  json += ",\"pingTimeout\":";
  json += std::to_string(fields.ping_timeout_ms);
  json += ",\"maxPayload\":";
  json += std::to_string(fields.max_payload);
  json += '}';
  return json;
}

}  // namespace patchbay::engineio
