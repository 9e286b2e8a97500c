// Parameters of a URL's query (application/x-www-form-urlencoded). Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace patchbay::http {

// The first parameter of that name in `query` (the text after '?'), percent-decoded, '+' as a space. Nothing
// when it is absent or its escapes are broken. Names are compared after decoding.
std::optional<std::string> query_parameter(std::string_view query, std::string_view name);

}  // namespace patchbay::http
