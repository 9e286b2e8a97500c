#include "socketio/args.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "socketio/binary.h"
#include "socketio/json_value.h"

namespace patchbay::socketio {
namespace {

std::string& next(Args& args) {
  if (!args.json.empty()) args.json += ',';
  return args.json;
}

// Boost.JSON writes infinities and NaN as text that is no JSON.
bool is_finite(const boost::json::value& value);
bool is_finite(const boost::json::array& array) {
  return std::ranges::all_of(array, [](const auto& element) { return is_finite(element); });
}
bool is_finite(const boost::json::object& object) {
  return std::ranges::all_of(object, [](const auto& member) { return is_finite(member.value()); });
}
bool is_finite(const boost::json::value& value) {
  if (const double* const number = value.if_double()) return std::isfinite(*number);
  if (const auto* const array = value.if_array()) return is_finite(*array);
  if (const auto* const object = value.if_object()) return is_finite(*object);
  return true;
}

void nullify_infinities(boost::json::value& value) {
  if (const double* const number = value.if_double()) {
    if (!std::isfinite(*number)) value = nullptr;
  } else if (auto* const array = value.if_array()) {
    for (auto& element : *array) nullify_infinities(element);
  } else if (auto* const object = value.if_object()) {
    for (auto& member : *object) nullify_infinities(member.value());
  }
}

template <typename Value>
void append_json(Args& args, const Value& value) {
  if (is_finite(value)) {
    next(args) += serialize_json(value);
  } else {
    boost::json::value copy(value);
    nullify_infinities(copy);
    next(args) += serialize_json(copy);
  }
}

// `json`, valid elements, with `by` added to the index of every placeholder, however deep. The last of
// several members with one name counts, as in JavaScript.
std::string renumbered(std::string_view json, size_t by) {
  struct Object {
    bool is_placeholder = false;
    std::string_view index;
  };
  std::vector<Object> stack;
  std::vector<std::string_view> indices;
  std::string storage;
  std::string_view member;  // the name whose value comes next; empty in arrays
  const std::string array = "[" + std::string(json) + "]";
  const auto note = [&](std::string_view value) {
    if (member == "_placeholder") stack.back().is_placeholder = value == "true";
    if (member == "num") stack.back().index = value;
    member = {};
  };
  for (JsonTokens tokens(array); const auto token = tokens.next();) {
    switch (token->front()) {
      case '{':
      case '[':
        note(*token);
        stack.emplace_back();
        break;
      case '}':
      case ']':
        if (stack.back().is_placeholder) indices.push_back(stack.back().index);
        stack.pop_back();
        break;
      default:
        if (tokens.is_member_name()) {
          member = decode_json_string(*token, storage).value_or(std::string_view());
        } else {
          note(*token);
        }
    }
  }
  std::ranges::sort(indices, {}, [](std::string_view text) { return text.data(); });
  std::string out;
  size_t done = 1;
  for (const std::string_view text : indices) {
    uint64_t index = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), index).ec != std::errc()) continue;
    const auto at = static_cast<size_t>(text.data() - array.data());
    out.append(array, done, at - done);
    out += std::to_string(index + by);
    done = at + text.size();
  }
  return out.append(array, done, array.size() - 1 - done);
}

}  // namespace

void append_arg(Args& args, const boost::json::value& value) {
  append_json(args, value);
}
void append_arg(Args& args, const boost::json::object& value) {
  append_json(args, value);
}
void append_arg(Args& args, const boost::json::array& value) {
  append_json(args, value);
}
void append_arg(Args& args, const ArgsView& received) {
  if (received.empty()) return;
  const size_t before = args.attachments.size();
  if (before == 0 || received.attachments().empty()) {
    next(args) += received.json();
  } else {
    next(args) += renumbered(received.json(), before);
  }
  args.attachments.insert(args.attachments.end(), received.attachments().begin(),
                          received.attachments().end());
}
void append_arg(Args& args, RawJson raw) {
  next(args) += raw.text;
}
void append_arg(Args& args, Binary binary) {
  append_placeholder(next(args), args.attachments.size());
  args.attachments.push_back(std::make_shared<const std::string>(std::move(binary.bytes)));
}
void append_arg(Args& args, std::string_view text) {
  append_json_string(next(args), text);
}
void append_arg(Args& args, bool value) {
  next(args) += value ? "true" : "false";
}
void append_arg(Args& args, int64_t value) {
  next(args) += std::to_string(value);
}
void append_arg(Args& args, uint64_t value) {
  next(args) += std::to_string(value);
}
void append_arg(Args& args, double value) {
  // JSON has no infinities; JavaScript writes null for them.
  if (!std::isfinite(value)) return append_arg(args, nullptr);
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value);
  next(args).append(text, end.ptr);
}
void append_arg(Args& args, std::nullptr_t) {
  next(args) += "null";
}

boost::json::array ArgsView::parse() const {
  std::string text = "[";
  text += json_;
  text += ']';
  // Scanned before it came here, so it parses, but for exponents that fit nothing.
  auto value = parse_json(text);
  return value && value->is_array() ? std::move(value->get_array()) : boost::json::array();
}

boost::json::value ArgsView::first() const {
  boost::json::array all = parse();
  return all.empty() ? boost::json::value() : std::move(all.front());
}

}  // namespace patchbay::socketio
