// The path of a URL as the router and the static files see it: decoded once, in one normal form, so that no
// spelling of a path reaches what another spelling could not. Pure function; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace patchbay::http {

// Percent-decodes `raw` (without query) and removes its dot segments (RFC 3986 §5.2.4), however they are
// spelled. Empty gives "/". Refused, with a message for the peer: no '/' at the start, broken escapes, NUL
// and control characters, '\' in any spelling, an encoded '/', text that is not UTF-8, ".." above the root.
// Repeated slashes stay.
Result<std::string> normalize_path(std::string_view raw);

}  // namespace patchbay::http
