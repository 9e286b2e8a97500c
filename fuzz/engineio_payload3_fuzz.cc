// deps: engineio
// A polling body of revision 3 in either framing: what decodes encodes to a body of both framings that
// decodes to the same packets, never longer than foretold; nothing is visited behind the packet at which the
// visitor stopped. The first byte chooses the framing.
#include <cstdlib>
#include <vector>

#include "base/bytes.h"
#include "engineio/payload3.h"

namespace {

using namespace patchbay::engineio;

struct Held {
  PacketType type;
  bool binary;
  std::string data;
  bool operator==(const Held&) const = default;
};

bool decode(std::string_view body, BodyKind kind, std::vector<Held>& packets, size_t stop_after = SIZE_MAX) {
  const PayloadLimits limits{.max_payload = 1 << 20};
  return static_cast<bool>(decode_payload3(body, kind, limits, [&](const Packet& packet) {
    if (packets.size() >= stop_after) std::abort();
    if (!packet.binary && !patchbay::is_valid_utf8(packet.data)) std::abort();
    packets.push_back({packet.type, packet.binary, std::string(packet.data)});
    return packets.size() < stop_after;
  }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const BodyKind kind = (data[0] & 1) == 0 ? BodyKind::kText : BodyKind::kOctets;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::vector<Held> packets;
  const bool valid = decode(body, kind, packets);
  if (!packets.empty()) {
    std::vector<Held> front;
    if (!decode(body, kind, front, packets.size())) std::abort();
    if (front != packets) std::abort();
  }
  if (!valid) return 0;
  for (const BodyKind other : {BodyKind::kText, BodyKind::kOctets}) {
    std::string again;
    for (const Held& held : packets) {
      const Packet packet{.type = held.type, .data = held.data, .binary = held.binary};
      const size_t before = again.size();
      append_to_payload3(again, packet, other);
      if (again.size() - before > encoded_size_bound3(packet)) std::abort();
    }
    std::vector<Held> packets_again;
    if (!decode(again, other, packets_again) || packets_again != packets) std::abort();
  }
  return 0;
}
