#include "engineio/packet.h"

namespace patchbay::engineio {

std::optional<Packet> decode_packet(std::string_view text) {
  if (text.empty() || text.front() < '0' || text.front() > '6') return std::nullopt;
  return Packet{.type = static_cast<PacketType>(text.front() - '0'), .data = text.substr(1)};
}

void append_packet(std::string& out, PacketType type, std::string_view data) {
  out += to_char(type);
  out += data;
}

}  // namespace patchbay::engineio
