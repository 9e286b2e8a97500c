// Reads nodes in WhatsApp's binary form: every legal form of every string, compressed frames too. Nothing a
// peer sends makes it recurse, allocate or inflate past the limits below. Pure function; any thread.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"
#include "binary/node.h"

namespace patchbay::binary {

struct DecodeLimits {
  size_t max_depth = 32;
  size_t max_nodes = 200'000;             // in one frame, all levels together
  size_t max_inflated_bytes = 16u << 20;  // of a compressed frame
};

// `plaintext` is that of one frame: flag byte, then the node. kBadRequest says what is wrong and at which
// byte.
Result<Node> decode(std::string_view plaintext, const DecodeLimits& limits = {});

}  // namespace patchbay::binary
