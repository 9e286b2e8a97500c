#include "manager/qr_terminal.h"

#include <cstdint>

#include <gtest/gtest.h>
#include <qrcodegen.hpp>

namespace patchbay::manager {
namespace {

// The modules that the lines show: true is ink.
std::vector<std::vector<bool>> modules_of(const std::vector<std::string>& lines) {
  std::vector<std::vector<bool>> rows;
  for (const std::string& line : lines) {
    std::vector<bool> upper, lower;
    for (size_t at = 0; at < line.size();) {
      const size_t bytes = line[at] == ' ' ? 1 : 3;
      const std::string character = line.substr(at, bytes);
      upper.push_back(character == "█" || character == "▀");
      lower.push_back(character == "█" || character == "▄");
      at += bytes;
    }
    rows.push_back(upper);
    rows.push_back(lower);
  }
  return rows;
}

TEST(QrHalfBlocks, ShowsEveryModuleWithAQuietZone) {
  const std::string text = "2@simulated,pairing,code";
  const auto code = qrcodegen::QrCode::encodeBinary({text.begin(), text.end()}, qrcodegen::QrCode::Ecc::LOW);
  const int size = code.getSize() + 8;
  for (const QrInk ink : {QrInk::kDark, QrInk::kLight}) {
    const auto lines = qr_half_blocks(text, ink);
    ASSERT_TRUE(lines);
    EXPECT_EQ(qr_columns(lines->size()), size);
    const auto modules = modules_of(*lines);
    for (int y = 0; y < size; ++y)
      for (int x = 0; x < size; ++x)
        ASSERT_EQ(modules[static_cast<size_t>(y)][static_cast<size_t>(x)],
                  code.getModule(x - 4, y - 4) == (ink == QrInk::kDark))
            << x << "," << y;
  }
}

TEST(QrHalfBlocks, RefusesWhatDoesNotFit) {
  EXPECT_FALSE(qr_half_blocks("", QrInk::kDark));
  EXPECT_FALSE(qr_half_blocks(std::string(3'000, 'x'), QrInk::kDark));
}

}  // namespace
}  // namespace patchbay::manager
