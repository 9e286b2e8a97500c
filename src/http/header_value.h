// What header values are made of (RFC 9110 §5.6): tokens and comma-separated lists. Linear in their input.
// Pure functions; any thread.
#pragma once

#include <string_view>

namespace patchbay::http {

// One or more of the characters that names of methods, headers and options may have (§5.6.2).
bool is_token(std::string_view text);

// Without spaces and tabs at both ends.
std::string_view trim(std::string_view text);

// Takes the next item of a comma-separated list off `list`; empty items are passed over. Empty at the end.
std::string_view next_list_item(std::string_view& list);

// True if `item`, in any case, is one of the list's items.
bool list_contains(std::string_view list, std::string_view item);

}  // namespace patchbay::http
