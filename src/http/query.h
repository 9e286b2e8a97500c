// Parameters of a URL's query (application/x-www-form-urlencoded). Pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace patchbay::http {

// The first parameter of that name in `query` (the text after '?'), percent-decoded, '+' as a space. Nothing
// when it is absent or its escapes are broken. Names are compared after decoding.
std::optional<std::string> query_parameter(std::string_view query, std::string_view name);

// All of them in order, decoded likewise; those with broken escapes are left out. At most `limit`.
std::vector<std::pair<std::string, std::string>> query_parameters(std::string_view query, size_t limit = 100);

}  // namespace patchbay::http
