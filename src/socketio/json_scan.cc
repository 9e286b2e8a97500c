#include "socketio/json_scan.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/bytes.h"

namespace patchbay::socketio {
namespace {

enum : uint8_t {
  kSpace = 1,       // JSON white space
  kDigit = 2,       // 0-9
  kHex = 4,         // 0-9 a-f A-F
  kPlain = 8,       // stands for itself inside a string
  kEscape = 16,     // may follow a backslash, without \u
  kStructural = 32  // " [ ] { }
};

constexpr auto kClasses = [] {
  std::array<uint8_t, 256> table{};
  const auto add = [&](std::string_view characters, uint8_t bits) {
    for (const char c : characters) table[static_cast<uint8_t>(c)] |= bits;
  };
  for (size_t c = 0x20; c < 256; ++c)
    if (c != '"' && c != '\\') table[c] |= kPlain;
  add(" \t\n\r", kSpace);
  add("0123456789", kDigit | kHex);
  add("abcdefABCDEF", kHex);
  add("\"\\/bfnrt", kEscape);
  add("\"[]{}", kStructural);
  return table;
}();

bool is(char c, uint8_t bits) {
  return (kClasses[static_cast<uint8_t>(c)] & bits) != 0;
}

const char* skip_space(const char* p, const char* end) {
  while (p != end && is(*p, kSpace)) ++p;
  return p;
}

// The first quote, backslash or control character at or behind `p`, or `end`.
const char* find_special(const char* p, const char* end) {
  if constexpr (std::endian::native == std::endian::little) {
    constexpr uint64_t kOnes = 0x0101010101010101, kTops = 0x8080808080808080;
    while (end - p >= 8) {
      uint64_t word;
      std::memcpy(&word, p, 8);
      const uint64_t quote = word ^ (kOnes * '"');
      const uint64_t backslash = word ^ (kOnes * '\\');
      // Each term marks its bytes by their top bit; wrong marks stand only above a right one, so the lowest
      // holds.
      const uint64_t marks = (((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash) |
                              ((word - kOnes * 0x20) & ~word)) &
                             kTops;
      if (marks != 0) return p + std::countr_zero(marks) / 8;
      p += 8;
    }
  }
  while (p != end && is(*p, kPlain)) ++p;
  return p;
}

// Four hexadecimal digits at `p`, or -1.
int32_t hex4(const char* p, const char* end) {
  if (end - p < 4) return -1;
  int32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    if (!is(p[i], kHex)) return -1;
    value = value << 4 | (is(p[i], kDigit) ? p[i] - '0' : (p[i] | 0x20) - 'a' + 10);
  }
  return value;
}

bool is_high_surrogate(int32_t unit) {
  return unit >= 0xd800 && unit <= 0xdbff;
}
bool is_low_surrogate(int32_t unit) {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

// \uXXXX (with its partner, if it is one half of a pair) whose backslash is at `p`: the code point, where it
// ends, and whether it is half a pair without the other. `end` null when it is malformed.
struct UnicodeEscape {
  int32_t code_point = 0;
  const char* end = nullptr;
  bool lone = false;
};
UnicodeEscape scan_unicode_escape(const char* p, const char* end) {
  const int32_t unit = end - p >= 2 ? hex4(p + 2, end) : -1;
  if (unit < 0) return {};
  p += 6;
  if (is_high_surrogate(unit) && end - p >= 2 && p[0] == '\\' && p[1] == 'u') {
    const int32_t low = hex4(p + 2, end);
    if (is_low_surrogate(low)) return {0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00), p + 6, false};
  }
  const bool lone = is_high_surrogate(unit) || is_low_surrogate(unit);
  return {lone ? 0xfffd : unit, p, lone};
}

// `p` is behind the opening quote; gives what is behind the closing one, or null.
const char* scan_string(const char* p, const char* end, bool allow_lone_surrogates) {
  while (true) {
    p = find_special(p, end);
    if (p == end) return nullptr;
    if (*p == '"') return p + 1;
    if (*p != '\\' || end - p < 2) return nullptr;
    if (p[1] == 'u') {
      const UnicodeEscape escape = scan_unicode_escape(p, end);
      if (escape.end == nullptr || (escape.lone && !allow_lone_surrogates)) return nullptr;
      p = escape.end;
    } else if (is(p[1], kEscape)) {
      p += 2;
    } else {
      return nullptr;
    }
  }
}

const char* scan_digits(const char* p, const char* end) {
  if (p == end || !is(*p, kDigit)) return nullptr;
  do ++p;
  while (p != end && is(*p, kDigit));
  return p;
}

// RFC 8259 §6.
const char* scan_number(const char* p, const char* end) {
  if (*p == '-') ++p;
  if (p == end) return nullptr;
  if (*p == '0') {
    ++p;
  } else if ((p = scan_digits(p, end)) == nullptr) {
    return nullptr;
  }
  if (p != end && *p == '.' && (p = scan_digits(p + 1, end)) == nullptr) return nullptr;
  if (p != end && (*p | 0x20) == 'e') {
    ++p;
    if (p != end && (*p == '+' || *p == '-')) ++p;
    return scan_digits(p, end);
  }
  return p;
}

const char* scan_literal(const char* p, const char* end, std::string_view literal) {
  const bool same =
      static_cast<size_t>(end - p) >= literal.size() && std::memcmp(p, literal.data(), literal.size()) == 0;
  return same ? p + literal.size() : nullptr;
}

const char* scan_scalar(const char* p, const char* end, bool allow_lone_surrogates) {
  switch (*p) {
    case '"':
      return scan_string(p + 1, end, allow_lone_surrogates);
    case 't':
      return scan_literal(p, end, "true");
    case 'f':
      return scan_literal(p, end, "false");
    case 'n':
      return scan_literal(p, end, "null");
    default:
      return scan_number(p, end);
  }
}

// A member's name, the colon and the white space around them; null unless they are there.
const char* scan_member_name(const char* p, const char* end, bool allow_lone_surrogates) {
  if (p == end || *p != '"') return nullptr;
  p = scan_string(p + 1, end, allow_lone_surrogates);
  if (p == nullptr) return nullptr;
  p = skip_space(p, end);
  if (p == end || *p != ':') return nullptr;
  return skip_space(p + 1, end);
}

// Which of the open containers are objects: one bit a level.
class Nesting {
 public:
  explicit Nesting(uint32_t max_depth) : max_depth_(std::min(max_depth, kMaxJsonDepth)) {}
  bool empty() const { return depth_ == 0; }
  bool in_object() const { return (bits_[(depth_ - 1) / 64] >> ((depth_ - 1) % 64) & 1) != 0; }
  bool push(bool object) {
    if (depth_ == max_depth_) return false;
    const uint64_t bit = uint64_t{1} << (depth_ % 64);
    uint64_t& word = bits_[depth_ / 64];
    word = object ? word | bit : word & ~bit;
    ++depth_;
    return true;
  }
  void pop() { --depth_; }

 private:
  uint64_t bits_[kMaxJsonDepth / 64];
  uint32_t depth_ = 0;
  const uint32_t max_depth_;
};

// `p` is at the first character of a value of valid JSON; gives its end. Stays in bounds on anything.
const char* skip_value(const char* p, const char* end) {
  size_t depth = 0;
  do {
    if (*p == '"') {
      const char* const behind = scan_string(p + 1, end, true);
      if (behind == nullptr) return end;
      p = behind;
    } else if (*p == '[' || *p == '{') {
      ++depth;
      ++p;
    } else if (*p == ']' || *p == '}') {
      if (depth == 0) return p;
      --depth;
      ++p;
    } else if (depth == 0) {
      while (p != end && *p != ',' && !is(*p, kSpace | kStructural)) ++p;
      return p;
    }
    if (depth > 0)
      while (p != end && !is(*p, kStructural)) ++p;
  } while (depth > 0 && p != end);
  return p;
}

void append_utf8(std::string& out, int32_t code_point) {
  const auto c = static_cast<uint32_t>(code_point);
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 63));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 63));
    out += static_cast<char>(0x80 | (c & 63));
  } else {
    out += static_cast<char>(0xf0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 63));
    out += static_cast<char>(0x80 | (c >> 6 & 63));
    out += static_cast<char>(0x80 | (c & 63));
  }
}

std::string_view view(const char* begin, const char* end) {
  return {begin, static_cast<size_t>(end - begin)};
}

}  // namespace

bool is_valid_json(std::string_view text, const JsonLimits& limits) {
  if (limits.check_utf8 && !is_valid_utf8(text)) return false;
  const bool lone = limits.allow_lone_surrogates;
  const char* const end = text.data() + text.size();
  const char* p = skip_space(text.data(), end);
  Nesting nesting(limits.max_depth);
  while (true) {
    // A value is due.
    if (p == end) return false;
    if (*p == '{' || *p == '[') {
      const bool object = *p == '{';
      if (!nesting.push(object)) return false;
      p = skip_space(p + 1, end);
      if (p == end) return false;
      if (*p != (object ? '}' : ']')) {
        if (object && (p = scan_member_name(p, end, lone)) == nullptr) return false;
        continue;
      }
      nesting.pop();
      ++p;
    } else {
      p = scan_scalar(p, end, lone);
      if (p == nullptr) return false;
    }
    // A value is done: close what it ends, up to the next comma.
    while (true) {
      p = skip_space(p, end);
      if (nesting.empty()) return p == end;
      if (p == end) return false;
      const bool object = nesting.in_object();
      if (*p == ',') {
        p = skip_space(p + 1, end);
        if (object && (p = scan_member_name(p, end, lone)) == nullptr) return false;
        break;
      }
      if (*p != (object ? '}' : ']')) return false;
      nesting.pop();
      ++p;
    }
  }
}

JsonKind kind_of(std::string_view value) {
  if (value.empty()) return JsonKind::kInvalid;
  switch (value.front()) {
    case 'n':
      return JsonKind::kNull;
    case 't':
    case 'f':
      return JsonKind::kBool;
    case '"':
      return JsonKind::kString;
    case '[':
      return JsonKind::kArray;
    case '{':
      return JsonKind::kObject;
    default:
      return value.front() == '-' || is(value.front(), kDigit) ? JsonKind::kNumber : JsonKind::kInvalid;
  }
}

std::string_view trim_json(std::string_view text) {
  while (!text.empty() && is(text.front(), kSpace)) text.remove_prefix(1);
  while (!text.empty() && is(text.back(), kSpace)) text.remove_suffix(1);
  return text;
}

std::string_view array_elements(std::string_view array) {
  array = trim_json(array);
  return array.size() < 2 ? std::string_view() : trim_json(array.substr(1, array.size() - 2));
}

std::optional<std::string_view> ArrayCursor::next() {
  if (rest_.empty()) return std::nullopt;
  const char* const begin = rest_.data();
  const char* const end = begin + rest_.size();
  const char* const behind = skip_value(begin, end);
  const char* p = skip_space(behind, end);
  // Valid JSON has a comma or the end here.
  p = p != end && *p == ',' ? skip_space(p + 1, end) : end;
  rest_ = view(p, end);
  return view(begin, behind);
}

std::optional<std::string_view> JsonTokens::next() {
  const char* begin = rest_.data();
  const char* const end = begin + rest_.size();
  while (begin != end && (*begin == ',' || is(*begin, kSpace))) ++begin;
  is_member_name_ = false;
  if (begin == end) return std::nullopt;
  const char* p = begin + 1;
  if (*begin == '"') {
    const char* const behind = scan_string(p, end, true);
    p = behind == nullptr ? end : behind;
  } else if (!is(*begin, kStructural)) {
    while (p != end && *p != ',' && !is(*p, kSpace | kStructural)) ++p;
  }
  const char* rest = skip_space(p, end);
  if (rest != end && *rest == ':') {
    is_member_name_ = true;
    ++rest;
  }
  rest_ = view(rest, end);
  return view(begin, p);
}

std::optional<std::string_view> plain_string(std::string_view value) {
  if (value.size() < 2 || value.front() != '"') return std::nullopt;
  const char* const last = value.data() + value.size() - 1;
  if (*last != '"' || find_special(value.data() + 1, last) != last) return std::nullopt;
  return value.substr(1, value.size() - 2);
}

std::optional<std::string_view> decode_json_string(std::string_view value, std::string& storage) {
  if (const auto plain = plain_string(value)) return plain;
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return std::nullopt;
  storage.clear();
  const char* p = value.data() + 1;
  const char* const end = value.data() + value.size() - 1;
  while (true) {
    const char* const special = find_special(p, end);
    storage.append(p, special);
    p = special;
    if (p == end) return storage;
    if (*p != '\\' || end - p < 2) return std::nullopt;
    if (p[1] == 'u') {
      const UnicodeEscape escape = scan_unicode_escape(p, end);
      if (escape.end == nullptr) return std::nullopt;
      append_utf8(storage, escape.code_point);
      p = escape.end;
      continue;
    }
    switch (p[1]) {
      case 'b':
        storage += '\b';
        break;
      case 'f':
        storage += '\f';
        break;
      case 'n':
        storage += '\n';
        break;
      case 'r':
        storage += '\r';
        break;
      case 't':
        storage += '\t';
        break;
      default:
        storage += p[1];
    }
    p += 2;
  }
}

std::string replace_lone_surrogates(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  const char* p = json.data();
  const char* const end = p + json.size();
  while (true) {
    const char* const backslash = std::find(p, end, '\\');
    out.append(p, backslash);
    p = backslash;
    if (end - p < 2) break;
    const UnicodeEscape escape = p[1] == 'u' ? scan_unicode_escape(p, end) : UnicodeEscape{};
    if (escape.end == nullptr) {
      out.append(p, 2);
      p += 2;
      continue;
    }
    escape.lone ? out.append("\\ufffd") : out.append(p, escape.end);
    p = escape.end;
  }
  out.append(p, end);
  return out;
}

EventParts split_event(std::string_view data, std::string& storage) {
  ArrayCursor cursor(data);
  const auto first = cursor.next();
  if (!first) return {};
  return {.name = decode_json_string(*first, storage).value_or(*first), .args = cursor.rest()};
}

std::string to_valid_utf8(std::string_view bytes) {
  constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD
  std::string out;
  out.reserve(bytes.size() + 16);
  while (!bytes.empty()) {
    size_t length = 1;
    while (length <= 4 && length <= bytes.size() && !is_valid_utf8(bytes.substr(0, length))) ++length;
    const bool valid = length <= 4 && length <= bytes.size();
    out += valid ? bytes.substr(0, length) : kReplacement;
    bytes.remove_prefix(valid ? length : 1);
  }
  return out;
}

void append_json_string(std::string& out, std::string_view text) {
  std::string repaired;
  if (!is_valid_utf8(text)) text = repaired = to_valid_utf8(text);
  out += '"';
  const char* p = text.data();
  const char* const end = p + text.size();
  while (true) {
    const char* const special = find_special(p, end);
    out.append(p, special);
    if (special == end) break;
    const char c = *special;
    p = special + 1;
    out += '\\';
    switch (c) {
      case '"':
      case '\\':
        out += c;
        break;
      case '\b':
        out += 'b';
        break;
      case '\f':
        out += 'f';
        break;
      case '\n':
        out += 'n';
        break;
      case '\r':
        out += 'r';
        break;
      case '\t':
        out += 't';
        break;
      default: {
        constexpr std::string_view kHexDigits = "0123456789abcdef";
        out += "u00";
        out += kHexDigits[static_cast<uint8_t>(c) >> 4];
        out += kHexDigits[static_cast<uint8_t>(c) & 15];
      }
    }
  }
  out += '"';
}

}  // namespace patchbay::socketio
