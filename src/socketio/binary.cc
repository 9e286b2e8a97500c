#include "socketio/binary.h"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace patchbay::socketio {

std::optional<size_t> placeholder_index(const boost::json::value& value) {
  const boost::json::object* const object = value.if_object();
  if (object == nullptr) return std::nullopt;
  const boost::json::value* const mark = object->if_contains("_placeholder");
  const boost::json::value* const index = object->if_contains("num");
  if (mark == nullptr || index == nullptr || !mark->is_bool() || !mark->get_bool()) return std::nullopt;
  if (const uint64_t* const number = index->if_uint64()) return *number;
  const int64_t* const number = index->if_int64();
  return number != nullptr && *number >= 0 ? std::optional(static_cast<size_t>(*number)) : std::nullopt;
}

void append_placeholder(std::string& out, size_t index) {
  out += "{\"_placeholder\":true,\"num\":";
  out += std::to_string(index);
  out += '}';
}

}  // namespace patchbay::socketio
