// Writes nodes in WhatsApp's binary form (dictionary version 3). Pure function; any thread.
#pragma once

#include "base/bytes.h"
#include "binary/node.h"

namespace patchbay::binary {

// The plaintext of one frame: the flag byte 0 and the node. Attributes whose value is empty are left out, and
// so is a list of no children. Strings take the first that fits of: single-byte token, double-byte token,
// packed nibble, packed hex, raw bytes. Attribute values that are JIDs of a known server, spelled as
// to_string() spells them, go as JIDs. A node of more than 65,535 children or 32,766 attributes has no binary
// form: std::length_error.
Bytes encode(const Node& node);

}  // namespace patchbay::binary
