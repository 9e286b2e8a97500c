#include "manager/qr_image.h"

#include <cstring>
#include <vector>

#include <gtest/gtest.h>
#include <png.h>
#include <qrcodegen.hpp>

#include "base/bytes.h"

namespace patchbay::manager {
namespace {

struct Picture {
  int side = 0;
  std::vector<uint8_t> pixels;  // 0 black, 255 white
  bool black(int x, int y) const { return pixels[static_cast<size_t>(y * side + x)] == 0; }
};

Picture read_png(const std::string& png) {
  png_image image;
  std::memset(&image, 0, sizeof image);
  image.version = PNG_IMAGE_VERSION;
  EXPECT_TRUE(png_image_begin_read_from_memory(&image, png.data(), png.size()));
  image.format = PNG_FORMAT_GRAY;
  Picture picture;
  picture.side = static_cast<int>(image.width);
  EXPECT_EQ(image.width, image.height);
  picture.pixels.resize(PNG_IMAGE_SIZE(image));
  EXPECT_TRUE(png_image_finish_read(&image, nullptr, picture.pixels.data(), 0, nullptr));
  return picture;
}

TEST(QrImage, ShowsTheCodeOfTheTextInsideAQuietZone) {
  const std::string text = "2@PATCHBAY/SIMULATION/abc,def,ghi,jkl";
  const auto png = qr_png(text);
  ASSERT_TRUE(png);
  const Picture picture = read_png(*png);
  EXPECT_GE(picture.side, 256);
  const auto code = qrcodegen::QrCode::encodeBinary(std::vector<uint8_t>(text.begin(), text.end()),
                                                    qrcodegen::QrCode::Ecc::MEDIUM);
  const int modules = code.getSize() + 8;
  ASSERT_EQ(picture.side % modules, 0);
  const int scale = picture.side / modules;
  for (int y = 0; y < modules; ++y)
    for (int x = 0; x < modules; ++x)
      ASSERT_EQ(picture.black(x * scale + scale / 2, y * scale + scale / 2), code.getModule(x - 4, y - 4))
          << x << "," << y;
}

TEST(QrImage, BecomesADataUrlOfModestSize) {
  const auto url = qr_data_url(std::string(250, 'x'));
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->starts_with("data:image/png;base64,iVBORw0KGgo"));
  EXPECT_LT(url->size(), 8'000u);
}

TEST(QrImage, RefusesWhatDoesNotFit) {
  EXPECT_FALSE(qr_png(""));
  EXPECT_FALSE(qr_png(std::string(5'000, 'x')));
}

}  // namespace
}  // namespace patchbay::manager
