// The text of the QR code in a picture, as a phone's camera would read it. PNG only. Pure function; any
// thread; some milliseconds.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace patchbay::sandbox {

inline constexpr size_t kMaxQrImageBytes = 2u << 20;
inline constexpr uint32_t kMaxQrImageSide = 4'096;

// kValidation: no PNG, larger than the limits, or no QR code to be seen in it.
Result<std::string> read_qr_png(std::string_view png);
// The same from "data:image/png;base64,…".
Result<std::string> read_qr_data_url(std::string_view url);

}  // namespace patchbay::sandbox
