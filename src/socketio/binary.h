// Placeholders: where a binary attachment stood in the arguments of an event, a parsed JSON tree has
// {"_placeholder":true,"num":n}. Pure functions; any thread.
// https://github.com/socketio/socket.io-protocol, "Packet encoding".
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include <boost/json/fwd.hpp>

namespace patchbay::socketio {

// The index that `value` names if it is a placeholder. In arguments that came through a Decoder with
// attachments it is in range; where there were none, or the JSON has another origin, a placeholder is a plain
// object: do not ask.
std::optional<size_t> placeholder_index(const boost::json::value& value);

// The text of the placeholder for attachment `index`.
void append_placeholder(std::string& out, size_t index);

}  // namespace patchbay::socketio
