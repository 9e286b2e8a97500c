#include "socketio/admin_json.h"

#include <algorithm>
#include <array>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "http/query.h"
#include "socketio/json_scan.h"
#include "socketio/namespace.h"
#include "socketio/socket.h"

namespace patchbay::socketio {
namespace {

constexpr std::string_view kHidden = "***";
// Names that have one of these in them; rather one too many than one too few.
constexpr std::array<std::string_view, 9> kSecretWords{"auth",   "cookie",  "credential", "key",  "password",
                                                       "secret", "session", "signature",  "token"};

// As a client sent it; not UTF-8 as such.
std::string clean(std::string_view text) {
  std::string quoted;
  append_json_string(quoted, text);
  std::string storage;
  const auto decoded = decode_json_string(quoted, storage);
  return std::string(decoded.value_or(std::string_view()));
}

std::string to_text(const std::vector<std::pair<std::string, std::string>>& query) {
  std::string text;
  for (const auto& [name, value] : query) {
    text += text.empty() ? '?' : '&';
    text += clean(name) + "=" + (is_secret_name(name) ? std::string(kHidden) : clean(value));
  }
  return text;
}

// What the arguments of a command say, one after the other.
class ArgsReader {
 public:
  explicit ArgsReader(const ArgsView& args) : cursor_(ArrayCursor::over_elements(args.json())) {}
  // False unless it is text that is not empty.
  bool text(std::string& out) {
    const auto element = cursor_.next();
    if (!element) return false;
    std::string storage;
    const auto decoded = decode_json_string(*element, storage);
    out = decoded.value_or(std::string_view());
    return !out.empty();
  }
  // May be null, or missing.
  bool optional_text(std::string& out) {
    const auto element = cursor_.next();
    if (!element || *element == "null") return true;
    std::string storage;
    const auto decoded = decode_json_string(*element, storage);
    if (decoded) out = *decoded;
    return decoded.has_value();
  }
  bool boolean(bool& out) {
    const auto element = cursor_.next();
    out = element == "true";
    return element == "true" || element == "false" || element == "null";
  }
  std::string_view rest() const { return cursor_.rest(); }

 private:
  ArrayCursor cursor_;
};

// Names that mean something else at the client, which would take the packet for a broken one.
bool is_reserved(std::string_view event) {
  constexpr std::array<std::string_view, 6> kReserved{"connect",       "connect_error", "disconnect",
                                                      "disconnecting", "newListener",   "removeListener"};
  return std::ranges::find(kReserved, event) != kReserved.end();
}

}  // namespace

bool is_secret_name(std::string_view name) {
  std::string lower(name);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return std::ranges::any_of(kSecretWords,
                             [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

boost::json::object admin_handshake(const engineio::Handshake& handshake, std::string_view path) {
  boost::json::object headers;
  for (const auto& [name, value] : handshake.headers) {
    // The page's own address may have a token behind its '?'.
    const std::string_view part = name == "referer" ? value.substr(0, value.find('?')) : value;
    const std::string shown = is_secret_name(name) ? std::string(kHidden) : clean(part);
    if (auto* const before = headers.if_contains(name)) {
      before->as_string().append(", " + shown);
    } else {
      headers[name] = shown;
    }
  }
  const auto query = http::query_parameters(handshake.query);
  boost::json::object parameters;
  for (const auto& [name, value] : query)
    parameters[clean(name)] = is_secret_name(name) ? std::string(kHidden) : clean(value);
  return {{"address", handshake.address},
          {"headers", std::move(headers)},
          {"query", std::move(parameters)},
          {"issued", to_unix_ms(handshake.time)},
          {"secure", handshake.secure},
          {"time", to_iso8601(handshake.time)},
          {"url", std::string(path) + to_text(query)},
          {"xdomain", handshake.header("origin").has_value()}};
}

boost::json::object admin_socket(const Socket& socket, boost::json::object data, std::string_view path) {
  boost::json::array rooms{socket.id()};
  for (const std::string_view room : socket.rooms()) rooms.push_back(boost::json::string(clean(room)));
  return {{"id", socket.id()},
          {"clientId", socket.client_id()},
          {"transport", to_string(socket.transport())},
          {"nsp", socket.nsp().name()},
          {"data", std::move(data)},
          {"handshake", admin_handshake(*socket.handshake().request, path)},
          {"rooms", std::move(rooms)}};
}

Args admin_event(const Socket& socket, std::string_view event, const ArgsView& args, WallTime now) {
  size_t bytes = event.size() + args.json().size();
  for (const Attachment& attachment : args.attachments()) bytes += attachment->size();
  const bool shown = bytes <= kMaxShownArgs;
  Args result;
  append_arg(result, socket.nsp().name());
  append_arg(result, socket.id());
  result.json += ",[";
  append_json_string(result.json, event.substr(0, shown ? event.size() : 256));
  if (!shown) {
    result.json += ",\"" + std::to_string(bytes) + " bytes, too much to show\"";
  } else if (!args.empty()) {
    result.json += ',';
    result.json += args.json();
    result.attachments.assign(args.attachments().begin(), args.attachments().end());
  }
  result.json += ']';
  append_arg(result, to_iso8601(now));
  return result;
}

std::optional<AdminCommand> parse_admin_command(std::string_view name, const ArgsView& args) {
  AdminCommand command;
  ArgsReader reader(args);
  if (!reader.text(command.nsp)) return std::nullopt;
  if (name == "emit") {
    if (!reader.optional_text(command.room) || !reader.text(command.subject) || is_reserved(command.subject))
      return std::nullopt;
    command.args = {.json = std::string(reader.rest()),
                    .attachments = {args.attachments().begin(), args.attachments().end()}};
    return command;
  }
  if (name == "_disconnect") {
    if (!reader.boolean(command.close) || !reader.optional_text(command.room)) return std::nullopt;
    return command;
  }
  if (name != "join" && name != "leave") return std::nullopt;
  if (!reader.text(command.subject) || !reader.optional_text(command.room)) return std::nullopt;
  return command;
}

}  // namespace patchbay::socketio
