#include "engineio/header_list.h"

namespace patchbay::engineio {

HeaderList::value_type HeaderList::Iterator::operator*() const {
  const size_t name = rest_.find('\0');
  const size_t value = rest_.find('\0', name + 1);
  return {rest_.substr(0, name), rest_.substr(name + 1, value - name - 1)};
}

HeaderList::Iterator& HeaderList::Iterator::operator++() {
  const auto [name, value] = **this;
  rest_.remove_prefix(bytes_of(name, value));
  return *this;
}

void HeaderList::emplace_back(std::string_view name, std::string_view value) {
  if (name.contains('\0') || value.contains('\0')) return;
  text_.append(name).push_back('\0');
  text_.append(value).push_back('\0');
}

std::optional<std::string_view> HeaderList::find(std::string_view lower_case_name) const {
  for (const auto& [name, value] : *this)
    if (name == lower_case_name) return value;
  return std::nullopt;
}

}  // namespace patchbay::engineio
