// Arguments of events and acknowledgements as they travel: the text of JSON values, comma-separated, and the
// binary attachments that placeholders in it name. Values are written straight into text; what is only
// relayed is never parsed.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <boost/json/fwd.hpp>

#include "socketio/json_scan.h"

namespace patchbay::socketio {

// Immutable bytes of one binary attachment; may cross threads.
using Attachment = std::shared_ptr<const std::string>;

// JSON text that goes out as it is. The caller vouches that it is one valid value (or several, with commas)
// and UTF-8: receivers close their connection over anything else.
struct RawJson {
  std::string_view text;
};
// Bytes that go out as a binary attachment.
struct Binary {
  std::string bytes;
};

// Outgoing arguments under construction. Placeholders in `json` name attachments by index: whoever fills the
// two by hand keeps them in step; append_arg() does.
struct Args {
  std::string json;  // elements, comma-separated, without brackets; may be empty
  std::vector<Attachment> attachments;
};

// Bytes of strings that are not UTF-8 become U+FFFD, here and in text; numbers that JSON has not become null.
void append_arg(Args& args, const boost::json::value& value);
void append_arg(Args& args, const boost::json::object& value);
void append_arg(Args& args, const boost::json::array& value);
void append_arg(Args& args, RawJson raw);
void append_arg(Args& args, Binary binary);
void append_arg(Args& args, std::string_view text);
inline void append_arg(Args& args, const char* text) {
  append_arg(args, std::string_view(text));
}
inline void append_arg(Args& args, const std::string& text) {
  append_arg(args, std::string_view(text));
}
void append_arg(Args& args, bool value);
void append_arg(Args& args, int64_t value);
void append_arg(Args& args, double value);
void append_arg(Args& args, std::nullptr_t);
void append_arg(Args& args, uint64_t value);
template <std::integral T>
void append_arg(Args& args, T value) {
  append_arg(args, static_cast<std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>(value));
}

class ArgsView;
// All of what was received, with its attachments: for relaying it, alone or among other arguments.
// Placeholders are renumbered.
void append_arg(Args& args, const ArgsView& received);

template <typename... Values>
Args make_args(Values&&... values) {
  Args args;
  (append_arg(args, std::forward<Values>(values)), ...);
  return args;
}

// Incoming arguments; valid during the handler they were given to.
class ArgsView {
 public:
  ArgsView(std::string_view json, std::span<const Attachment> attachments)
      : json_(json), attachments_(attachments) {}
  // Elements, comma-separated, without brackets: valid JSON, may be empty. Binary values stand in it as
  // {"_placeholder":true,"num":n}, n an index of attachments().
  std::string_view json() const { return json_; }
  std::span<const Attachment> attachments() const { return attachments_; }
  bool empty() const { return json_.empty(); }
  // Parses them all.
  boost::json::array parse() const;
  // Parses the first; null when there is none.
  boost::json::value first() const;

 private:
  std::string_view json_;
  std::span<const Attachment> attachments_;
};

}  // namespace patchbay::socketio
