// The header fields of a request in one block of text, for the long memory: a session keeps them as long as
// it lives, and thousands of small strings a server would cost more than what they hold. Order and
// repetitions are kept; finding one is linear. A value; immutable once shared.
#pragma once

#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace patchbay::engineio {

class HeaderList {
 public:
  // (name, value), valid as long as the list is not changed.
  using value_type = std::pair<std::string_view, std::string_view>;

  class Iterator {
   public:
    using value_type = HeaderList::value_type;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    explicit Iterator(std::string_view rest) : rest_(rest) {}
    value_type operator*() const;
    Iterator& operator++();
    Iterator operator++(int) {
      const Iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const Iterator& other) const { return rest_.size() == other.rest_.size(); }

   private:
    std::string_view rest_;
  };

  // The bytes that add() of such a field takes, for reserve().
  static size_t bytes_of(std::string_view name, std::string_view value) {
    return name.size() + value.size() + 2;
  }
  void reserve(size_t bytes) { text_.reserve(bytes); }
  // `name` in lower case. Neither may hold a NUL, which no HTTP header can: a field that does is left out.
  void emplace_back(std::string_view name, std::string_view value);

  Iterator begin() const { return Iterator(text_); }
  Iterator end() const { return {}; }
  bool empty() const { return text_.empty(); }
  // The first of that name, or nothing.
  std::optional<std::string_view> find(std::string_view lower_case_name) const;

 private:
  std::string text_;  // name NUL value NUL …
};

}  // namespace patchbay::engineio
