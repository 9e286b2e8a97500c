// For tests only: a blocking Socket.IO client over WebSocket. Pings are answered while it reads. Not for
// production code; one thread.
#pragma once

#include <string>
#include <string_view>

#include "engineio/session.h"
#include "websocket/test_client.h"

namespace patchbay::socketio::test {

class Client {
 public:
  explicit Client(uint16_t port) : ws_(port, "/socket.io/?EIO=4&transport=websocket") {
    const std::string open = ws_.read_message();  // 0{"sid":"…
    shard_ = engineio::SessionId::parse(open.substr(9, engineio::SessionId::kLength)).value().shard_index();
  }
  // The shard that has its session.
  size_t shard() const { return shard_; }
  // Also joins the main namespace.
  static Client joined(uint16_t port) {
    Client client(port);
    client.send("0");
    client.id_ = client.read().substr(9, 20);  // 0{"sid":"…
    return client;
  }
  const std::string& id() const { return id_; }
  websocket::test::WebSocketClient& websocket() { return ws_; }

  // A Socket.IO packet as text.
  void send(std::string_view packet) { ws_.send_text("4" + std::string(packet)); }
  void send_binary(std::string_view bytes) { ws_.send_binary(bytes); }
  // The next packet's text, or a binary attachment.
  std::string read() {
    for (;;) {
      websocket::test::Frame frame = ws_.read_frame();
      if (frame.opcode == 2) return std::move(frame.payload);
      if (frame.opcode != 1) throw std::runtime_error("a control frame came");
      if (frame.payload == "2") {
        ws_.send_text("3");
      } else {
        return frame.payload.substr(1);
      }
    }
  }
  // Everything the server had to say to this client before this call has been read when it returns.
  std::string ask(std::string_view event) {
    send("299[\"" + std::string(event) + "\"]");
    return read();
  }

 private:
  websocket::test::WebSocketClient ws_;
  size_t shard_ = 0;
  std::string id_;
};

}  // namespace patchbay::socketio::test
