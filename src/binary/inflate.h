// Inflates the part of a compressed frame behind its flag byte (RFC 1950), within a bound. Internal to the
// module. Pure function; any thread.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace patchbay::binary {

// kBadRequest for what is no zlib stream, is cut short, has bytes behind it, or gives more than `max_bytes`;
// memory follows what really came out.
Result<Bytes> inflate_frame(std::string_view compressed, size_t max_bytes);

}  // namespace patchbay::binary
