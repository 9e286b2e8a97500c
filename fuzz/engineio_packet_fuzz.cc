// deps: engineio
// One text packet: what decodes encodes back to the same bytes.
#include <cstdlib>

#include "engineio/packet.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto packet = patchbay::engineio::decode_packet(text);
  if (!packet) return 0;
  if (packet->binary) std::abort();
  std::string again;
  patchbay::engineio::append_packet(again, packet->type, packet->data);
  if (again != text) std::abort();
  return 0;
}
