// From JSON text of a peer to a Boost.JSON tree that can be used and written again without surprises, and
// from a tree to text that any peer takes. What is only relayed is never parsed. Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/json/fwd.hpp>

namespace patchbay::socketio {

// Of text that is_valid_json() has passed, as JavaScript would read it: half a surrogate pair is U+FFFD (the
// library refuses it), a number out of range is null (the library makes it an infinity or NaN, which it then
// writes as text that is no JSON). Nesting up to kMaxJsonDepth. Nothing when `json` is not valid, or an
// exponent does not fit 32 bits.
std::optional<boost::json::value> parse_json(std::string_view json);

// The text of a tree whose numbers are finite. Always UTF-8: bytes of a string or a name that are not become
// U+FFFD (to_valid_utf8).
std::string serialize_json(const boost::json::value& value);
std::string serialize_json(const boost::json::object& value);
std::string serialize_json(const boost::json::array& value);

}  // namespace patchbay::socketio
