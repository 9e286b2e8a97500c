// One Engine.IO connection seen from Socket.IO: decodes packets and spreads them over the namespaces the
// client is in. Shard-local. Internal to the module.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engineio/server.h"
#include "socketio/decoder.h"
#include "socketio/namespace.h"
#include "socketio/server.h"
#include "socketio/socket.h"

namespace patchbay::socketio {

class ClientConnection final : public engineio::Session::Application, private Decoder::Events {
 public:
  ClientConnection(Server& server, engineio::Connection& connection);
  ~ClientConnection() override;

  net::Shard& shard() { return connection_.shard(); }
  size_t buffered_bytes() const { return closed_ ? 0 : connection_.buffered_bytes(); }

  // A packet's text and what it carries.
  void send(std::string_view packet, std::span<const Attachment> attachments);
  // One of a broadcast, encoded and framed before.
  void send(const engineio::SharedMessage& packet, std::span<const engineio::SharedMessage> attachments);
  // The socket left its namespace by itself; destroys it at the end of the turn.
  void forget(Socket& socket);
  // Takes every socket out of its namespace, telling the client, and closes the connection.
  void disconnect();
  // Closes the whole connection.
  void close(engineio::CloseReason reason);

 private:
  // A client between CONNECT and the end of the middleware. Outlives the connection when middleware does.
  struct Entering {
    ClientConnection* client;  // null once the connection is gone
    Namespace* nsp;
  };

  // --- engineio::Session::Application ---
  void on_text(std::string_view text) override;
  void on_binary(std::string_view bytes) override;
  void on_close(engineio::CloseReason reason) override;

  // --- Decoder::Events ---
  bool on_packet(const PacketView& packet, std::span<const Attachment> attachments) override;

  void connect(const PacketView& packet);
  void entered(const std::shared_ptr<Entering>& entering, const std::shared_ptr<Connecting>& connecting,
               std::optional<ConnectError> error);
  void refuse(std::string_view nsp, const ConnectError& error);
  void protocol_error(std::string_view what);
  Socket* find(std::string_view nsp) const;

  Server& server_;
  engineio::Connection& connection_;
  Decoder decoder_;
  std::vector<std::unique_ptr<Socket>> sockets_;  // one a namespace
  std::vector<std::shared_ptr<Entering>> entering_;
  Executor::Timer connect_deadline_;     // to join a namespace
  Executor::Timer attachment_deadline_;  // for the rest of the binary packet that is pending
  bool closed_ = false;
};

}  // namespace patchbay::socketio
