// deps: engineio
// A polling body: what decodes encodes to a body that decodes to the same packets, of the size foretold; and
// nothing is visited behind the packet at which the visitor stopped.
#include <cstdlib>
#include <vector>

#include "base/bytes.h"
#include "engineio/payload.h"

namespace {

using namespace patchbay::engineio;

struct Held {
  PacketType type;
  bool binary;
  std::string data;
  bool operator==(const Held&) const = default;
};

bool decode(std::string_view body, std::vector<Held>& packets, size_t stop_after = SIZE_MAX) {
  return static_cast<bool>(decode_payload(body, {.max_payload = 1 << 20}, [&](const Packet& packet) {
    if (packets.size() >= stop_after) std::abort();
    if (!packet.binary && !patchbay::is_valid_utf8(packet.data)) std::abort();
    packets.push_back({packet.type, packet.binary, std::string(packet.data)});
    return packets.size() < stop_after;
  }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  std::vector<Held> packets;
  const bool valid = decode(body, packets);
  if (!packets.empty()) {
    std::vector<Held> front;
    if (!decode(body, front, packets.size())) std::abort();
    if (front != packets) std::abort();
  }
  if (!valid) return 0;
  std::string again;
  size_t foretold = packets.size() - 1;
  for (const Held& held : packets) {
    const Packet packet{.type = held.type, .data = held.data, .binary = held.binary};
    append_to_payload(again, packet);
    foretold += encoded_size(packet);
  }
  if (again.size() != foretold) std::abort();
  std::vector<Held> packets_again;
  if (!decode(again, packets_again) || packets_again != packets) std::abort();
  return 0;
}
