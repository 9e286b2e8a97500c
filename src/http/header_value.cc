#include "http/header_value.h"

#include "base/bytes.h"
#include "http/characters.h"

namespace patchbay::http {

bool is_token(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text)
    if (!is_token_character(c)) return false;
  return true;
}

std::string_view trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view next_list_item(std::string_view& list) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    const std::string_view item = trim(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    if (!item.empty()) return item;
  }
  return {};
}

bool list_contains(std::string_view list, std::string_view item) {
  for (std::string_view next = next_list_item(list); !next.empty(); next = next_list_item(list))
    if (equals_ignore_case(next, item)) return true;
  return false;
}

}  // namespace patchbay::http
