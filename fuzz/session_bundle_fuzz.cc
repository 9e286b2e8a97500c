// deps: base whatsapp
// Files that claim to be bundles: everything up to the passphrase, which takes too long here on purpose.
#include <cstdint>
#include <string_view>

#include "whatsapp/session_bundle.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)patchbay::whatsapp::read_bundle_header({reinterpret_cast<const char*>(data), size});
  return 0;
}
