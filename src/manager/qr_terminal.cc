#include "manager/qr_terminal.h"

#include <cstdint>
#include <exception>

#include <qrcodegen.hpp>

namespace patchbay::manager {
namespace {

constexpr int kTerminalQuietZone = 4;

}  // namespace

Result<std::vector<std::string>> qr_half_blocks(std::string_view text, QrInk ink) {
  using qrcodegen::QrCode;
  const auto bad = [] {
    return fail(ErrorCode::kInternal, "The QR code cannot be drawn: its text is empty or too long.");
  };
  if (text.empty()) return bad();
  try {  // the library's edge: its only expected exception is "data too long"
    const QrCode code = QrCode::encodeBinary({text.begin(), text.end()}, QrCode::Ecc::LOW);
    const int size = code.getSize() + 2 * kTerminalQuietZone;  // odd: the last line is half a line
    const auto inked = [&](int x, int y) {
      if (y >= size) return false;
      return code.getModule(x - kTerminalQuietZone, y - kTerminalQuietZone) == (ink == QrInk::kDark);
    };
    std::vector<std::string> lines;
    for (int y = 0; y < size; y += 2) {
      std::string& line = lines.emplace_back();
      for (int x = 0; x < size; ++x) {
        const bool upper = inked(x, y);
        const bool lower = inked(x, y + 1);
        line += upper && lower ? "█" : upper ? "▀" : lower ? "▄" : " ";
      }
    }
    return lines;
  } catch (const std::exception&) {
    return bad();
  }
}

}  // namespace patchbay::manager
