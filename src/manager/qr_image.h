// A QR code as a picture: text in, PNG (or a data URL of it) out. One bit per pixel, black on white, quiet
// zone of four modules, error correction M, at least 256 pixels wide. Pure functions, some milliseconds:
// callers cache.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace patchbay::manager {

// kInternal when the text does not fit into a QR code (about 2,300 bytes) or is empty.
Result<std::string> qr_png(std::string_view text);
// "data:image/png;base64,…", some 2 KB for a pairing code.
Result<std::string> qr_data_url(std::string_view text);

}  // namespace patchbay::manager
