#include "manager/qr_image.h"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <optional>
#include <vector>

#include <png.h>
#include <qrcodegen.hpp>

#include "base/bytes.h"

namespace patchbay::manager {
namespace {

constexpr int kQuietZone = 4;
constexpr int kMinPixels = 256;

using qrcodegen::QrCode;

std::optional<QrCode> encode(std::string_view text) {
  try {  // the library's edge: its only expected exception is "data too long"
    const std::vector<uint8_t> bytes(text.begin(), text.end());
    return QrCode::encodeBinary(bytes, QrCode::Ecc::MEDIUM);
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

// Rows of one bit per pixel, most significant first, 1 is white.
std::vector<uint8_t> draw(const QrCode& code, int scale, int pixels, size_t stride) {
  std::vector<uint8_t> image(stride * static_cast<size_t>(pixels), 0xff);
  for (int y = 0; y < pixels; ++y) {
    uint8_t* const row = image.data() + stride * static_cast<size_t>(y);
    for (int x = 0; x < pixels; ++x)
      if (code.getModule(x / scale - kQuietZone, y / scale - kQuietZone))
        row[x / 8] = static_cast<uint8_t>(row[x / 8] & ~(0x80u >> (x % 8)));
  }
  return image;
}

// libpng reports errors by longjmp: nothing with a destructor may live in this frame.
bool write_png(const uint8_t* image, int pixels, size_t stride, std::string* out) {
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  if (!png) return false;
  png_infop info = png_create_info_struct(png);
  if (!info || setjmp(png_jmpbuf(png))) {
    png_destroy_write_struct(&png, &info);
    return false;
  }
  png_set_write_fn(
      png, out,
      [](png_structp p, png_bytep data, png_size_t size) {
        static_cast<std::string*>(png_get_io_ptr(p))->append(reinterpret_cast<const char*>(data), size);
      },
      nullptr);
  const auto side = static_cast<png_uint_32>(pixels);
  png_set_IHDR(png, info, side, side, 1, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  for (png_uint_32 y = 0; y < side; ++y) png_write_row(png, image + stride * y);
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return true;
}

}  // namespace

Result<std::string> qr_png(std::string_view text) {
  const auto code = text.empty() ? std::nullopt : encode(text);
  if (!code) return fail(ErrorCode::kInternal, "The QR code cannot be drawn: its text is empty or too long.");
  const int modules = code->getSize() + 2 * kQuietZone;
  const int scale = std::max(1, (kMinPixels + modules - 1) / modules);
  const int pixels = modules * scale;
  const size_t stride = (static_cast<size_t>(pixels) + 7) / 8;
  const std::vector<uint8_t> image = draw(*code, scale, pixels, stride);
  std::string png;
  if (!write_png(image.data(), pixels, stride, &png))
    return fail(ErrorCode::kInternal, "The QR code cannot be drawn.");
  return png;
}

Result<std::string> qr_data_url(std::string_view text) {
  PB_ASSIGN(const std::string png, qr_png(text));
  return "data:image/png;base64," + base64_encode(png);
}

}  // namespace patchbay::manager
