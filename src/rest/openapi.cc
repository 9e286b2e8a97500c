// The document is part of the binary, so that what is served is what was built and tested.
#include "rest/api.h"

__asm__(
    ".pushsection .rodata\n"
    ".balign 16\n"
    "patchbay_openapi_begin:\n"
    ".incbin \"" PATCHBAY_OPENAPI_FILE
    "\"\n"
    "patchbay_openapi_end:\n"
    ".byte 0\n"
    ".globl patchbay_openapi_begin\n"
    ".globl patchbay_openapi_end\n"
    ".popsection\n");

// NOLINTBEGIN(modernize-avoid-c-arrays,readability-identifier-naming): named by the assembler
extern "C" {
extern const char patchbay_openapi_begin[];
extern const char patchbay_openapi_end[];
}
// NOLINTEND(modernize-avoid-c-arrays,readability-identifier-naming)

namespace patchbay::rest {

std::string_view openapi_document() {
  return {patchbay_openapi_begin, static_cast<size_t>(patchbay_openapi_end - patchbay_openapi_begin)};
}

}  // namespace patchbay::rest
