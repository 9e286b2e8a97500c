// Writes nodes in WhatsApp's binary form (dictionary version 3). Pure function; any thread.
#pragma once

#include "base/bytes.h"
#include "binary/node.h"

namespace patchbay::binary {

// The plaintext of one frame: the flag byte 0 and the node. Attributes whose value is empty are left out.
// Strings take the shortest of: single-byte token, double-byte token, packed nibble, packed hex, raw bytes;
// attribute values that are JIDs go as JIDs.
Bytes encode(const Node& node);

}  // namespace patchbay::binary
