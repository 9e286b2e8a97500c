// From JSON text of a peer to a Boost.JSON tree that can be used and written again without surprises. For
// text that is_valid_json() has passed; what is only relayed is never parsed. Pure function; any thread.
#pragma once

#include <optional>
#include <string_view>

#include <boost/json/fwd.hpp>

namespace patchbay::socketio {

// As JavaScript would read it: half a surrogate pair is U+FFFD (the library refuses it), a number out of
// range is null (the library makes it an infinity or NaN, which it then writes as text that is no JSON).
// Nesting up to kMaxJsonDepth. Nothing when `json` is not valid, or an exponent does not fit 32 bits.
std::optional<boost::json::value> parse_json(std::string_view json);

}  // namespace patchbay::socketio
