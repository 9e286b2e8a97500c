// Structs as arguments of events: whatever Boost.JSON can convert (a described struct, or one with tag_invoke
// overloads of value_from and value_to). Include it where structs are emitted or handled; the rest of the
// library does without. Pure functions; any thread.
#pragma once

#include <functional>
#include <type_traits>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_from.hpp>
#include <boost/json/value_to.hpp>

#include "base/result.h"
#include "socketio/namespace.h"

namespace patchbay::socketio {

template <typename T>
concept Struct = std::is_class_v<T> && boost::json::has_value_from<T>::value &&
                 !std::is_convertible_v<T, std::string_view> && !std::is_base_of_v<boost::json::value, T> &&
                 !std::is_same_v<T, boost::json::object> && !std::is_same_v<T, boost::json::array> &&
                 !std::is_same_v<T, RawJson> && !std::is_same_v<T, Binary> && !std::is_same_v<T, ArgsView>;

template <Struct T>
void append_arg(Args& args, const T& value) {
  append_arg(args, boost::json::value_from(value));
}

// Argument `index` as a T; an error names what is missing or of the wrong type.
template <typename T>
Result<T> get(const ArgsView& args, size_t index = 0) {
  const boost::json::array all = args.parse();
  if (index >= all.size())
    return fail(ErrorCode::kValidation, "argument " + std::to_string(index) + " is missing");
  auto value = boost::json::try_value_to<T>(all[index]);
  if (!value)
    return fail(ErrorCode::kValidation,
                "argument " + std::to_string(index) +
                    " does not have the form that is wanted: " + value.error().message());
  return std::move(*value);
}

// Handles `event` with its first argument as a T. An event that has none is not handled: the client that
// asked for an acknowledgement gets {"ok":false,"error":…}.
//   on<ChatMessage>(io.of("/"), "chat", [](Socket& socket, ChatMessage message, Event& event) { … });
template <typename T>
void on(Namespace& nsp, std::string_view event, std::function<void(Socket&, T, Event&)> handler) {
  nsp.on(event, [handler = std::move(handler)](Socket& socket, Event& it) {
    Result<T> value = get<T>(it.args());
    if (value) return handler(socket, std::move(*value), it);
    it.ack(boost::json::object{{"ok", false}, {"error", value.error().message}});
  });
}

}  // namespace patchbay::socketio
