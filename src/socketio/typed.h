// Structs as arguments of events: whatever Boost.JSON can convert, that is a struct with
// BOOST_DESCRIBE_STRUCT, one with tag_invoke overloads of value_from and value_to, and containers of those.
// Include it where structs are emitted or handled; the rest of the library does without. Pure functions; any
// thread.
//
// A described struct is read as clients expect: members that it does not name are ignored, a std::optional
// may be null or missing, and an error says where it is ("argument 0.parts[2].size is missing").
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/describe/members.hpp>
#include <boost/json/array.hpp>
#include <boost/json/conversion.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_from.hpp>
#include <boost/json/value_to.hpp>
#include <boost/mp11/algorithm.hpp>

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

namespace typed {

template <typename T>
inline constexpr bool kIsOptional = false;
template <typename T>
inline constexpr bool kIsOptional<std::optional<T>> = true;
template <typename T>
inline constexpr bool kIsVector = false;
template <typename T>
inline constexpr bool kIsVector<std::vector<T>> = true;

inline std::unexpected<Error> wrong_form(const std::string& where, const std::string& what) {
  return fail(ErrorCode::kValidation, where + " does not have the form that is wanted: " + what);
}

// `value` as a T; `where` is its name in errors.
template <typename T>
Result<T> read(const boost::json::value& value, const std::string& where);

template <typename T>
Result<T> read_described(const boost::json::value& value, const std::string& where) {
  const boost::json::object* const object = value.if_object();
  if (object == nullptr) return wrong_form(where, "value is not an object");
  T made{};
  Status status;
  boost::mp11::mp_for_each<boost::describe::describe_members<T, boost::describe::mod_public>>(
      [&](auto member) {
        if (!status) return;
        auto& target = made.*member.pointer;
        using Member = std::remove_reference_t<decltype(target)>;
        const boost::json::value* const found = object->if_contains(member.name);
        if (found != nullptr) {
          auto it = read<Member>(*found, where + "." + member.name);
          if (it) {
            target = std::move(*it);
          } else {
            status = std::unexpected(std::move(it).error());
          }
        } else if (!kIsOptional<Member>) {
          status = fail(ErrorCode::kValidation, where + "." + member.name + " is missing");
        }
      });
  if (!status) return std::unexpected(std::move(status).error());
  return made;
}

template <typename T>
Result<T> read(const boost::json::value& value, const std::string& where) {
  if constexpr (boost::json::is_described_class<T>::value) {
    return read_described<T>(value, where);
  } else if constexpr (kIsOptional<T>) {
    if (value.is_null()) return T();
    PB_ASSIGN(T made, read<typename T::value_type>(value, where));
    return made;
  } else if constexpr (kIsVector<T>) {
    const boost::json::array* const array = value.if_array();
    if (array == nullptr) return wrong_form(where, "value is not an array");
    T made;
    for (const boost::json::value& element : *array) {
      PB_ASSIGN(auto it,
                read<typename T::value_type>(element, where + "[" + std::to_string(made.size()) + "]"));
      made.push_back(std::move(it));
    }
    return made;
  } else {
    auto made = boost::json::try_value_to<T>(value);
    if (!made) return wrong_form(where, made.error().message());
    return std::move(*made);
  }
}

}  // namespace typed

// Argument `index` as a T; an error names what is missing or of the wrong type.
template <typename T>
Result<T> get(const ArgsView& args, size_t index = 0) {
  const boost::json::array all = args.parse();
  const std::string where = "argument " + std::to_string(index);
  if (index < all.size()) return typed::read<T>(all[index], where);
  if constexpr (typed::kIsOptional<T>) return T();
  return fail(ErrorCode::kValidation, where + " is missing");
}

// What the client sent with its CONNECT (`auth` of Node's client) as a T.
template <typename T>
Result<T> get_auth(const Handshake& handshake) {
  return typed::read<T>(handshake.auth(), "auth");
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

// The same for one socket.
//   on<ChatMessage>(socket, "chat", [&socket](ChatMessage message, Event& event) { … });
template <typename T>
void on(Socket& socket, std::string_view event, std::function<void(T, Event&)> handler) {
  socket.on(event, [handler = std::move(handler)](Event& it) {
    Result<T> value = get<T>(it.args());
    if (value) return handler(std::move(*value), it);
    it.ack(boost::json::object{{"ok", false}, {"error", value.error().message}});
  });
}

}  // namespace patchbay::socketio
