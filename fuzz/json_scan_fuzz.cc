// deps: socketio
// The scanner against Boost.JSON: both accept the same texts, and see the same in them.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <source_location>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "base/bytes.h"
#include "socketio/json_scan.h"
#include "socketio/json_value.h"

namespace {

using namespace patchbay::socketio;

void check(bool holds, std::source_location where = std::source_location::current()) {
  if (holds) return;
  std::fprintf(stderr, "the check in line %u does not hold\n", where.line());
  std::abort();
}

boost::json::value parse(std::string_view text, boost::json::error_code& error) {
  return boost::json::parse(text, error, {}, {.max_depth = kMaxJsonDepth});
}

// Equal but for the last bits of fractions: what the library reads from a long one depends on how much text
// follows it, and 0e400 is NaN, which equals nothing.
bool same(const boost::json::value& a, const boost::json::value& b) {
  if (a.is_double() && b.is_double()) {
    const double x = a.get_double();
    const double y = b.get_double();
    return x == y || (std::isnan(x) && std::isnan(y)) || std::abs(x - y) <= 1e-15 * std::abs(x);
  }
  if (a.is_array() && b.is_array()) return std::ranges::equal(a.get_array(), b.get_array(), same);
  if (a.is_object() && b.is_object())
    return std::ranges::equal(a.get_object(), b.get_object(), [](const auto& x, const auto& y) {
      return x.key() == y.key() && same(x.value(), y.value());
    });
  return a == b;
}

void check_elements(std::string_view text, const boost::json::array& array) {
  ArrayCursor cursor(text);
  for (const boost::json::value& expected : array) {
    const auto element = cursor.next();
    check(element.has_value());
    boost::json::error_code error;
    const boost::json::value value = parse(*element, error);
    check(!error && same(value, expected));
    std::string storage;
    const auto string = decode_json_string(*element, storage);
    check(string.has_value() == expected.is_string());
    if (string) check(*string == std::string_view(expected.get_string()));
  }
  check(!cursor.next());
  std::string storage;
  const EventParts parts = split_event(text, storage);
  boost::json::error_code error;
  check(array.empty() ||
        parse("[" + std::string(parts.args) + "]", error).as_array().size() == array.size() - 1);
}

// On anything the walkers end and stay in bounds.
void walk(std::string_view text) {
  size_t steps = 0;
  for (ArrayCursor cursor(text); cursor.next();) check(++steps <= text.size());
  steps = 0;
  for (JsonTokens tokens(text); tokens.next();) check(++steps <= text.size());
  std::string storage;
  decode_json_string(text, storage);
  split_event(text, storage);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  walk(text);

  std::string written;
  append_json_string(written, text);
  check(is_valid_json(written, {.check_utf8 = true, .allow_lone_surrogates = false}));
  std::string storage;
  const auto read = decode_json_string(written, storage);
  check(read && patchbay::is_valid_utf8(*read));
  if (patchbay::is_valid_utf8(text)) check(*read == text);

  boost::json::error_code error;
  const boost::json::value value = parse(text, error);
  const bool valid = is_valid_json(text, {.check_utf8 = true, .allow_lone_surrogates = false});
  // The grammar sets no bound on exponents; the library does.
  if (error != boost::json::error::exponent_overflow) check(valid == !error);
  if (!error && value.is_array()) check_elements(text, value.get_array());

  // Half a surrogate pair is the only other difference, and repair mends it.
  if (!is_valid_json(text, {.check_utf8 = true})) {
    check(!parse_json(text));
    return 0;
  }
  if (!valid) {
    const std::string repaired = replace_lone_surrogates(text);
    check(repaired.size() == size);
    check(is_valid_json(repaired, {.check_utf8 = true, .allow_lone_surrogates = false}));
  }
  // What is parsed can be written again.
  const auto usable = parse_json(text);
  if (error != boost::json::error::exponent_overflow && valid) check(usable.has_value());
  if (usable) check(is_valid_json(boost::json::serialize(*usable), {.check_utf8 = true}));
  return 0;
}
