// What the commands of the program share. Pure functions, but for standard error.
#pragma once

#include <cstdio>

#include "base/result.h"

namespace patchbay::app {

// Says on standard error why a command failed; the exit code for that.
inline int report(const Error& error) {
  std::fprintf(stderr, "patchbay: %s\n", error.message.c_str());
  if (!error.detail.empty()) std::fprintf(stderr, "patchbay: cause: %s\n", error.detail.c_str());
  return 1;
}

}  // namespace patchbay::app
