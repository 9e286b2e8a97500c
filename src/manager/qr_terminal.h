// A QR code as text for terminals: two modules a character, with the half blocks of Unicode. Pure function;
// any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace patchbay::manager {

enum class QrInk {
  kDark,   // draws the dark modules: for dark ink on a light ground that the caller sets
  kLight,  // draws the light ones: for light text on a dark terminal, without colours
};

// Lines of equal width, quiet zone of four modules included, error correction L (the smallest picture).
// kInternal when the text is empty or does not fit into a QR code (about 2,900 bytes).
Result<std::vector<std::string>> qr_half_blocks(std::string_view text, QrInk ink);
// Characters of each of those lines, which have three bytes or one.
inline int qr_columns(size_t lines) {
  return static_cast<int>(2 * lines) - 1;
}

}  // namespace patchbay::manager
