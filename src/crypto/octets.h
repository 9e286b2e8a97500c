// Internal to the module. What its files share: text as the octets that C libraries take, and the check of
// what only a mistake of the caller can break.
#pragma once

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace patchbay::crypto {

inline const unsigned char* octets(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
inline unsigned char* octets(std::string& text, size_t from = 0) {
  return reinterpret_cast<unsigned char*>(text.data()) + from;
}

// Ends the process, naming what was asked wrongly: `what` is a size that the compiler could not check.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "crypto: %s\n", what);
  std::abort();
}

}  // namespace patchbay::crypto
