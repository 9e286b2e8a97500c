#include "socketio/json_value.h"

#include <cmath>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "base/bytes.h"
#include "socketio/json_scan.h"

namespace patchbay::socketio {
namespace {

// No deeper than the parser went.
void drop_infinities(boost::json::value& value) {
  if (double* const number = value.if_double()) {
    if (!std::isfinite(*number)) value = nullptr;
  } else if (auto* const array = value.if_array()) {
    for (boost::json::value& element : *array) drop_infinities(element);
  } else if (auto* const object = value.if_object()) {
    for (auto& member : *object) drop_infinities(member.value());
  }
}

// Boost.JSON writes the bytes of a string as they are.
std::string repaired(std::string text) {
  return is_valid_utf8(text) ? std::move(text) : to_valid_utf8(text);
}

}  // namespace

std::string serialize_json(const boost::json::value& value) {
  return repaired(boost::json::serialize(value));
}
std::string serialize_json(const boost::json::object& value) {
  return repaired(boost::json::serialize(value));
}
std::string serialize_json(const boost::json::array& value) {
  return repaired(boost::json::serialize(value));
}

std::optional<boost::json::value> parse_json(std::string_view json) {
  constexpr boost::json::parse_options kOptions{.max_depth = kMaxJsonDepth};
  boost::json::error_code error;
  boost::json::value value = boost::json::parse(json, error, {}, kOptions);
  if (error && is_valid_json(json))
    value = boost::json::parse(replace_lone_surrogates(json), error, {}, kOptions);
  if (error) return std::nullopt;
  drop_infinities(value);
  return value;
}

}  // namespace patchbay::socketio
