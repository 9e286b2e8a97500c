// The version of the program, for --version, /health and /api/version.
#pragma once

#include <string_view>

namespace patchbay::app {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace patchbay::app
