// JSON (RFC 8259) as text: is it valid, where are its elements, what does a string say. Builds no tree, keeps
// nothing, allocates nothing but what the caller passes in; payloads that are only relayed go no further than
// this. It does not convert numbers and does not look for duplicate names. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace patchbay::socketio {

// Nesting that is_valid_json() accepts at most; [[]] is 2. As deep as the JSON library is asked to parse.
inline constexpr uint32_t kMaxJsonDepth = 256;

struct JsonLimits {
  uint32_t max_depth = kMaxJsonDepth;  // larger values count as kMaxJsonDepth
  // Also check the encoding of the whole text. Off where the transport has done so.
  bool check_utf8 = false;
  // "\ud83d" without its partner: valid by the grammar (RFC 8259 §8.2) and written by every browser that cuts
  // a string in the middle of an emoji, but refused by strict parsers; see replace_lone_surrogates().
  bool allow_lone_surrogates = true;
};

// One JSON value with optional white space around it, and nothing else. Linear; no recursion.
bool is_valid_json(std::string_view text, const JsonLimits& limits = {});

enum class JsonKind : uint8_t { kNull, kBool, kNumber, kString, kArray, kObject, kInvalid };
// By the first character; kInvalid for empty text and for one that begins no value. `value` is not trimmed.
JsonKind kind_of(std::string_view value);

// Drops white space at both ends, as JSON knows it.
std::string_view trim_json(std::string_view text);

// --- On valid JSON only. On anything else they stay within the text and give something of no use.
// -----------

// The text between the brackets of an array, trimmed: elements, comma-separated; may be empty.
std::string_view array_elements(std::string_view array);

// Walks the elements of an array.
//   for (ArrayCursor cursor(text); auto element = cursor.next();) …
class ArrayCursor {
 public:
  // `array` with its brackets.
  explicit ArrayCursor(std::string_view array) : rest_(array_elements(array)) {}
  // The same over elements whose brackets are gone already.
  static ArrayCursor over_elements(std::string_view elements) {
    ArrayCursor cursor{std::string_view()};
    cursor.rest_ = trim_json(elements);
    return cursor;
  }
  // The raw text of the next element, trimmed; nothing at the end.
  std::optional<std::string_view> next();
  // What next() has not given yet, trimmed: elements, comma-separated.
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

// Walks the tokens of a value at every depth: brackets and braces one by one, member names, scalars; neither
// commas nor colons.
class JsonTokens {
 public:
  explicit JsonTokens(std::string_view json) : rest_(json) {}
  // The raw text of the next token; nothing at the end.
  std::optional<std::string_view> next();
  // Whether the token that next() gave is the name of a member.
  bool is_member_name() const { return is_member_name_; }

 private:
  std::string_view rest_;
  bool is_member_name_ = false;
};

// What a string says, if `value` is one without escapes: a view into it.
std::optional<std::string_view> plain_string(std::string_view value);
// What a string says: a view into it when it has no escapes, otherwise decoded into `storage`. A lone
// surrogate becomes U+FFFD. Nothing when `value` is no string.
std::optional<std::string_view> decode_json_string(std::string_view value, std::string& storage);

// The same text with every escape of a lone surrogate turned into \ufffd, for parsers that refuse them.
std::string replace_lone_surrogates(std::string_view json);

// The data of an event packet: ["name", args…].
struct EventParts {
  std::string_view name;  // decoded; for a number its text
  std::string_view args;  // raw elements, comma-separated, trimmed; may be empty
};
// `storage` holds the name when it has escapes.
EventParts split_event(std::string_view data, std::string& storage);

// --- Out
// ----------------------------------------------------------------------------------------------------

// `bytes` with U+FFFD for each byte that is no part of a UTF-8 character.
std::string to_valid_utf8(std::string_view bytes);

// `text` as a JSON string with its quotes. Escapes what RFC 8259 §7 demands and nothing else; bytes that are
// not UTF-8 become U+FFFD, so that what goes out is always valid.
void append_json_string(std::string& out, std::string_view text);

}  // namespace patchbay::socketio
