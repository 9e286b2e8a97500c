// Reads the fields of a JSON object (or of a query) by rules, and collects every failure instead of stopping
// at the first. Types are coerced as the panel contract §4.1 says: numeric strings to numbers, "true" and
// "false" to booleans, ISO 8601 strings to times. Unknown fields are ignored. One reader, one request, one
// thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "base/clock.h"
#include "http/message.h"
#include "rest/failure.h"

namespace patchbay::rest {

// A field that is required is refused when absent; one that is optional is refused only when it is wrong.
enum class Presence { kOptional, kRequired };

struct TextRule {
  Presence presence = Presence::kOptional;
  size_t min_characters = 0;
  size_t max_characters = 1000;
  // Secrets are never echoed.
  bool secret = false;
  // Line breaks and other control characters are refused unless this is set; NUL always is.
  bool multiline = false;
};

struct IntegerRule {
  Presence presence = Presence::kOptional;
  int64_t min = 0;
  int64_t max = INT64_MAX;
};

class FieldReader {
 public:
  // `input` must outlive the reader. `prefix` is the dotted path of the object, empty for the outermost.
  explicit FieldReader(const boost::json::object& input);

  bool has(std::string_view name) const;      // present, null included
  bool is_null(std::string_view name) const;  // present and null

  std::optional<std::string> text(std::string_view name, const TextRule& rule);
  // An address with a dot in its domain, at most 254 bytes; not yet in lower case.
  std::optional<std::string> email(std::string_view name, Presence presence);
  std::optional<int64_t> integer(std::string_view name, const IntegerRule& rule);
  std::optional<bool> boolean(std::string_view name);
  // One of `choices`; what is returned points into it.
  std::optional<std::string_view> choice(std::string_view name, std::span<const std::string_view> choices,
                                         Presence presence = Presence::kOptional);
  // ISO 8601 later than `after`.
  std::optional<WallTime> time_after(std::string_view name, WallTime after);
  // A reader for the object in that field, sharing the list of failures; nothing when absent or not an
  // object.
  std::optional<FieldReader> object(std::string_view name);

  // Adds a failure of the caller's own rule; the value is echoed unless `secret`.
  void refuse(std::string_view name, std::string message, bool secret = false);

  // VALIDATION_ERROR with all failures so far, or success.
  Outcome<void> finish() const;

 private:
  FieldReader(const boost::json::object& input, std::string prefix,
              std::shared_ptr<std::vector<FieldError>> failures);
  const boost::json::value* find(std::string_view name, Presence presence);

  const boost::json::object* input_;
  std::string prefix_;
  std::shared_ptr<std::vector<FieldError>> failures_;
};

// The first value of each named query parameter, as an object of strings for a FieldReader.
boost::json::object query_object(const http::Request& request, std::initializer_list<std::string_view> names);

// "2026-11-23", "2026-11-23T19:00Z", "2026-11-23T19:00:00.000+02:00"; no zone means UTC.
std::optional<WallTime> parse_iso8601(std::string_view text);

// Shape only: one '@', a local part of at most 64 bytes, a domain of at least two labels that ends in
// letters.
bool looks_like_email(std::string_view text);

}  // namespace patchbay::rest
