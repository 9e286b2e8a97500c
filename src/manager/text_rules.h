// Rules for the texts people type: lengths are in characters of valid UTF-8, errors name the field and never
// the value. Internal to manager. Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace patchbay::manager {

// Code points; `text` is valid UTF-8.
size_t count_characters(std::string_view text);

// Without white space around it, '<', '>' and control characters. kValidation: not UTF-8, or not `least` to
// `most` characters long afterwards.
Result<std::string> clean_name(std::string_view text, std::string_view field, size_t least, size_t most);

// Lowercase, without white space around it. kValidation: not of the form local@domain.tld, or over 254 bytes.
Result<std::string> clean_email(std::string_view text);

// As it is; kValidation: not UTF-8, or not `least` to 128 characters long.
Status check_password(std::string_view text, std::string_view field, size_t least);

// kValidation: not 3 to 50 ASCII letters, digits, '-' or '_'.
Status check_instance_name(std::string_view name);

}  // namespace patchbay::manager
