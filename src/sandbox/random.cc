#include "sandbox/random.h"

#include <algorithm>
#include <cctype>
#include <span>

#include "base/ids.h"
#include "crypto/digest.h"

namespace patchbay::sandbox {

Bytes Random::bytes(size_t count) {
  Bytes out(count, '\0');
  if (!seed_) {
    random_bytes(std::span(reinterpret_cast<uint8_t*>(out.data()), out.size()));
    return out;
  }
  while (spare_.size() < count)
    spare_ += crypto::sha256("patchbay sandbox " + std::to_string(*seed_) + " " + label_ + " " +
                             std::to_string(blocks_++));
  out = spare_.substr(0, count);
  spare_.erase(0, count);
  return out;
}

uint64_t Random::below(uint64_t bound) {
  uint64_t value = 0;
  for (const char octet : bytes(8)) value = value << 8 | static_cast<uint8_t>(octet);
  return value % bound;
}

crypto::Key32 Random::key() {
  return *crypto::to_key(bytes(32));
}

std::string Random::hex(size_t count) {
  std::string text = to_hex(bytes(count));
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

}  // namespace patchbay::sandbox
