#include "websocket/utf8_validator.h"

#include <cstring>

namespace patchbay::websocket {
namespace {

constexpr uint64_t kHighBits = 0x8080808080808080ull;

// The first byte from `p` on that is not ASCII, give or take the seven before it.
const uint8_t* skip_ascii(const uint8_t* p, const uint8_t* end) {
  for (; end - p >= 32; p += 32) {
    uint64_t words[4];
    std::memcpy(words, p, 32);
    if ((words[0] | words[1] | words[2] | words[3]) & kHighBits) break;
  }
  for (; end - p >= 8; p += 8) {
    uint64_t word;
    std::memcpy(&word, p, 8);
    if (word & kHighBits) break;
  }
  return p;
}

}  // namespace

bool Utf8Validator::feed(std::string_view piece) {
  const auto* p = reinterpret_cast<const uint8_t*>(piece.data());
  const uint8_t* const end = p + piece.size();
  uint8_t needed = needed_, low = low_, high = high_;
  while (p != end) {
    if (needed == 0) {
      p = skip_ascii(p, end);
      while (p != end && *p < 0x80) ++p;
      if (p == end) break;
      const uint8_t lead = *p++;
      low = 0x80;
      high = 0xbf;
      if (lead >= 0xc2 && lead <= 0xdf) {
        needed = 1;
      } else if ((lead & 0xf0) == 0xe0) {
        needed = 2;
        if (lead == 0xe0) low = 0xa0;
        if (lead == 0xed) high = 0x9f;
      } else if (lead >= 0xf0 && lead <= 0xf4) {
        needed = 3;
        if (lead == 0xf0) low = 0x90;
        if (lead == 0xf4) high = 0x8f;
      } else {
        return false;
      }
      continue;
    }
    if (*p < low || *p > high) return false;
    ++p;
    --needed;
    low = 0x80;
    high = 0xbf;
  }
  needed_ = needed;
  low_ = low;
  high_ = high;
  return true;
}

}  // namespace patchbay::websocket
