// The Socket.IO client behind a pipe: commands as JSON lines on standard input, what happens as JSON lines on
// standard output. Conformance suites drive it against servers of every make.
//   {"do":"connect","url":"http://127.0.0.1:3000","nsp":"/","transports":["websocket"],"auth":{},"caFile":"…"}
//   {"do":"emit","event":"echo","args":[1,{"$binary":"base64"}],"ack":"name"}
//   {"do":"disconnect"}   {"do":"transport"}
// Told: {"is":"connect","id","recovered"} · "event" · "ack" · "disconnect" · "connect_error" · "transport" ·
// "error".
#include <cstdio>
#include <iostream>
#include <map>
#include <memory>
#include <span>
#include <string>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "base/bytes.h"
#include "socketio/binary.h"
#include "socketio/client_thread.h"

namespace {

using namespace patchbay;
namespace json = boost::json;

constexpr Milliseconds kAckTimeout{10'000};

void tell(const json::object& what) {
  const std::string line = json::serialize(what) + "\n";
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fflush(stdout);
}

// Attachments in place of their placeholders, as {"$binary":"base64"}.
void put_in(json::value& value, std::span<const socketio::Attachment> attachments) {
  if (!attachments.empty())
    if (const auto index = socketio::placeholder_index(value)) {
      value = json::object{{"$binary", base64_encode(*attachments[*index])}};
      return;
    }
  if (auto* const array = value.if_array()) {
    for (json::value& element : *array) put_in(element, attachments);
  } else if (auto* const object = value.if_object()) {
    for (auto& element : *object) put_in(element.value(), attachments);
  }
}

json::array told(const socketio::ArgsView& args) {
  json::value values = args.parse();
  put_in(values, args.attachments());
  return values.get_array();
}

socketio::Args args_of(const json::value* values) {
  socketio::Args args;
  if (values == nullptr || !values->is_array()) return args;
  for (const json::value& value : values->get_array()) {
    const auto* const object = value.if_object();
    const auto* const binary = object == nullptr ? nullptr : object->if_contains("$binary");
    if (binary != nullptr && binary->is_string()) {
      append_arg(args, socketio::Binary{base64_decode(binary->get_string()).value_or("")});
    } else {
      append_arg(args, value);
    }
  }
  return args;
}

std::string text_of(const json::object& command, std::string_view name, std::string_view otherwise) {
  const auto* const value = command.if_contains(name);
  return std::string(value != nullptr && value->is_string() ? std::string_view(value->get_string())
                                                            : otherwise);
}

Result<socketio::ClientOptions> options_of(const json::object& command) {
  socketio::ClientOptions options;
  PB_ASSIGN(options.engine.url, http::Url::parse(text_of(command, "url", "")));
  options.engine.path = text_of(command, "path", "/socket.io/");
  if (const std::string file = text_of(command, "caFile", ""); !file.empty()) {
    PB_ASSIGN(options.engine.tls, net::TlsContext::client({.ca_file = file}));
  }
  if (const auto* const names = command.if_contains("transports"); names != nullptr && names->is_array()) {
    options.engine.session.transports.clear();
    for (const json::value& name : names->get_array())
      options.engine.session.transports.push_back(name == "polling" ? engineio::TransportKind::kPolling
                                                                    : engineio::TransportKind::kWebSocket);
  }
  if (const auto* const auth = command.if_contains("auth"); auth != nullptr && auth->is_object())
    options.auth = socketio::fixed_auth(auth->get_object());
  if (const std::string token = text_of(command, "token", ""); !token.empty())
    options.auth = socketio::token_auth(socketio::fixed_token(token));
  options.reconnection_delay = {.min = Milliseconds(50), .max = Milliseconds(200)};
  return options;
}

void watch(socketio::ClientSocket& socket) {
  const std::string nsp = socket.nsp();
  socket.on_connect([nsp, &socket] {
    tell({{"is", "connect"}, {"nsp", nsp}, {"id", socket.id()}, {"recovered", socket.recovered()}});
  });
  socket.on_disconnect([nsp](socketio::ClientDisconnect reason, std::string_view detail) {
    tell({{"is", "disconnect"}, {"nsp", nsp}, {"reason", to_string(reason)}, {"detail", detail}});
  });
  socket.on_connect_error([nsp](const socketio::ConnectRefusal& refusal) {
    json::object what{
        {"is", "connect_error"}, {"nsp", nsp}, {"message", refusal.message}, {"byServer", refusal.by_server}};
    json::error_code error;
    if (json::value data = json::parse(refusal.data_json, error); !error) what["data"] = std::move(data);
    tell(what);
  });
  socket.on_any([nsp](socketio::ClientEvent& event) {
    json::array args = told(event.args());
    // Questions are answered with what was asked.
    if (event.wants_ack()) event.take_ack().send(socketio::make_args(event.args()));
    tell({{"is", "event"}, {"nsp", nsp}, {"event", event.name()}, {"args", std::move(args)}});
  });
}

void emit(socketio::ClientSocket& socket, const json::object& command) {
  const std::string event = text_of(command, "event", "");
  const socketio::Args args = args_of(command.if_contains("args"));
  const std::string ack = text_of(command, "ack", "");
  if (ack.empty()) {
    if (const auto status = socket.emit_args(event, args); !status)
      tell({{"is", "error"}, {"message", status.error().message}});
    return;
  }
  socket.emit_with_ack(event, args, kAckTimeout, [ack](Result<socketio::ArgsView> answer) {
    if (!answer) return tell({{"is", "ack"}, {"ack", ack}, {"error", answer.error().message}});
    tell({{"is", "ack"}, {"ack", ack}, {"args", told(*answer)}});
  });
}

class Driver {
 public:
  void run(const json::object& command) {
    const std::string what = text_of(command, "do", "");
    const std::string nsp = text_of(command, "nsp", "/");
    if (what == "connect" && !io_) {
      auto options = options_of(command);
      if (!options) return tell({{"is", "error"}, {"message", options.error().message}});
      options->auto_connect = false;
      io_ = std::make_unique<socketio::ClientThread>(std::move(*options));
    }
    if (!io_) return tell({{"is", "error"}, {"message", "connect first"}});
    io_->run([&](socketio::Client& client) {
      socketio::ClientSocket& socket = client.of(nsp);
      if (what == "connect") {
        if (watched_.emplace(nsp, true).second) watch(socket);
        socket.connect();
      } else if (what == "emit") {
        emit(socket, command);
      } else if (what == "disconnect") {
        socket.disconnect();
      } else if (what == "transport") {
        const bool websocket = client.is_open() && client.transport() == engineio::TransportKind::kWebSocket;
        tell({{"is", "transport"}, {"transport", websocket ? "websocket" : "polling"}});
      } else {
        tell({{"is", "error"}, {"message", "no such command"}});
      }
    });
  }

 private:
  std::unique_ptr<socketio::ClientThread> io_;
  std::map<std::string, bool> watched_;
};

}  // namespace

int main() {
  Driver driver;
  std::string line;
  while (std::getline(std::cin, line)) {
    json::error_code error;
    const json::value command = json::parse(line, error);
    if (error || !command.is_object()) {
      tell({{"is", "error"}, {"message", "a line must be a JSON object"}});
      continue;
    }
    driver.run(command.get_object());
  }
  return 0;
}
