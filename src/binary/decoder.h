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
  size_t max_attributes = 500'000;        // the same
  size_t max_inflated_bytes = 16u << 20;  // of a compressed frame
  // Refuses also what can be read all the same: an attribute that stands twice (the first counts), a JID of
  // an unknown domain (a phone number's).
  bool strict = false;
};

// `plaintext` is that of one frame: flag byte, then the node. JIDs become their text; content that is a
// string in any form becomes bytes, an empty list nothing. kBadRequest says what is wrong and at which byte
// (of the inflated node where the frame is compressed): also for a node without a tag and bytes behind the
// node.
Result<Node> decode(std::string_view plaintext, const DecodeLimits& limits = {});

}  // namespace patchbay::binary
