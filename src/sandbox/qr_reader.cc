#include "sandbox/qr_reader.h"

#include <exception>
#include <vector>

#define ZX_USE_UTF8 1  // the form of Result::text() that later releases have
#include <ReadBarcode.h>
#include <png.h>

#include "base/bytes.h"

namespace patchbay::sandbox {
namespace {

std::unexpected<Error> unreadable(std::string what) {
  return fail(ErrorCode::kValidation, "the image " + std::move(what));
}

struct Grey {
  std::vector<uint8_t> pixels;
  int width = 0;
  int height = 0;
};

Result<Grey> decode_png(std::string_view png) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_memory(&image, png.data(), png.size()) == 0) return unreadable("is no PNG");
  if (image.width > kMaxQrImageSide || image.height > kMaxQrImageSide) {
    png_image_free(&image);
    return unreadable("is larger than 4096 by 4096 pixels");
  }
  image.format = PNG_FORMAT_GRAY;
  Grey grey{.pixels = std::vector<uint8_t>(PNG_IMAGE_SIZE(image)),
            .width = static_cast<int>(image.width),
            .height = static_cast<int>(image.height)};
  // Transparent is white.
  const png_color background{.red = 255, .green = 255, .blue = 255};
  if (png_image_finish_read(&image, &background, grey.pixels.data(), 0, nullptr) == 0) {
    png_image_free(&image);
    return unreadable("is a broken PNG");
  }
  return grey;
}

}  // namespace

Result<std::string> read_qr_png(std::string_view png) {
  if (png.size() > kMaxQrImageBytes) return unreadable("has more than 2 MiB");
  PB_ASSIGN(const Grey grey, decode_png(png));
  try {
    const ZXing::ImageView view(grey.pixels.data(), grey.width, grey.height, ZXing::ImageFormat::Lum);
    const ZXing::Result read =
        ZXing::ReadBarcode(view, ZXing::DecodeHints().setFormats(ZXing::BarcodeFormat::QRCode));
    if (read.isValid()) return read.text();
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
    // The library's own limits; to us there is no code in it.
  }
  return unreadable("shows no QR code that can be read");
}

Result<std::string> read_qr_data_url(std::string_view url) {
  constexpr std::string_view kPrefix = "data:image/png;base64,";
  if (!url.starts_with(kPrefix)) return unreadable("is no data URL of a PNG (data:image/png;base64,…)");
  if (url.size() > kMaxQrImageBytes / 3 * 4 + 100) return unreadable("has more than 2 MiB");
  const auto png = base64_decode(url.substr(kPrefix.size()));
  if (!png) return unreadable("is not in base64");
  return read_qr_png(*png);
}

}  // namespace patchbay::sandbox
