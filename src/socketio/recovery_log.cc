#include "socketio/recovery_log.h"

#include <charconv>

namespace patchbay::socketio {
namespace {

constexpr size_t kMaxText = 31;  // 20 digits, '-', 10 digits

template <typename Number>
bool take_offset_part(std::string_view& text, Number& value) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc()) return false;
  const auto digits = static_cast<size_t>(result.ptr - text.data());
  if (digits > 1 && text.front() == '0') return false;
  text.remove_prefix(digits);
  return true;
}

}  // namespace

std::string to_string(const Offset& offset) {
  char text[kMaxText];
  char* end = std::to_chars(text, text + sizeof text, offset.seq).ptr;
  if (offset.sub != 0) {
    *end++ = '-';
    end = std::to_chars(end, text + sizeof text, offset.sub).ptr;
  }
  return {text, end};
}

std::optional<Offset> parse_offset(std::string_view text) {
  Offset offset;
  if (text.size() > kMaxText || !take_offset_part(text, offset.seq)) return std::nullopt;
  if (text.empty()) return offset;
  if (text.front() != '-') return std::nullopt;
  text.remove_prefix(1);
  if (!take_offset_part(text, offset.sub) || !text.empty() || offset.sub == 0) return std::nullopt;
  return offset;
}

}  // namespace patchbay::socketio
