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
#include "socketio/outgoing.h"
#include "socketio/recovery.h"
#include "socketio/server.h"
#include "socketio/socket.h"

namespace patchbay::socketio {

class ClientConnection final : public engineio::Session::Application, private Decoder::Events {
 public:
  ClientConnection(Server& server, engineio::Connection& connection);
  ~ClientConnection() override;

  net::Shard& shard() { return connection_.shard(); }
  engineio::TransportKind transport() const { return connection_.session().transport(); }
  // A name for it that does not give away the session's id: its first 12 characters.
  std::string_view id() const { return connection_.session().id().view().substr(0, 12); }
  size_t buffered_bytes() const {
    return closed_ ? 0 : connection_.buffered_bytes() + (backlog_ ? backlog_->bytes() : 0);
  }

  // For `socket`, one of this connection's.
  void send(Socket& socket, const OutgoingPacket& packet);
  // One of a broadcast.
  void send(Socket& socket, SharedPacket& packet, const EmitFlags& flags);
  // The socket left its namespace by itself; destroys it at the end of the turn.
  void forget(Socket& socket);
  // Takes every socket out of its namespace, telling the client, and closes the connection.
  void disconnect();
  // Closes the whole connection.
  void close(engineio::CloseReason reason);

 private:
  // A client between CONNECT and the end of the middleware. Outlives the connection when middleware does.
  struct Entering {
    Entering(ClientConnection& owner, std::shared_ptr<Namespace> wanted, std::string auth)
        : client(&owner), nsp(std::move(wanted)), auth_json(std::move(auth)) {}
    ~Entering();
    Entering(const Entering&) = delete;
    ClientConnection* client;  // null once the connection is gone
    std::shared_ptr<Namespace> nsp;
    bool is_in = false;
    // The client has changed its mind meanwhile: it wants out, or in with other credentials. What is decided
    // then counts for nothing. One decision at a time, so that asking often starts no more of them.
    std::string auth_json;
    std::optional<std::string> again;
    bool withdrawn = false;
    bool is_void() const { return withdrawn || again; }
    // Of a client that has been here before: what it may get back.
    std::unique_ptr<StoredSession> session;
    RecoveryRequest recovery;
  };

  // --- engineio::Session::Application ---
  void on_text(std::string_view text) override;
  void on_binary(std::string_view bytes) override;
  void on_drain() override;
  void on_upgrade() override;
  bool wind_down() override;
  void before_close() override;
  void on_close(engineio::CloseReason reason) override;

  // --- Decoder::Events ---
  bool on_packet(const PacketView& packet, std::span<const Attachment> attachments) override;

  // A client of revision 3 (Socket.IO 2): is in the main namespace from the start, has no payload in CONNECT.
  bool is_legacy() const { return connection_.protocol() == 3; }
  void start_connect_deadline();
  void connect(const PacketView& packet);
  void enter(std::string_view name, std::string auth_json);
  // On its way into that namespace; or null.
  Entering* find_entering(std::string_view nsp) const;
  // Its decision has come and is void.
  void start_over(Entering& entering);
  void run_middleware(const std::shared_ptr<Entering>& entering,
                      const std::shared_ptr<Connecting>& connecting);
  // Sets up the socket's recovery; gives what its client has missed.
  MissedPackets recover(Socket& socket, Entering& entering);
  void entered(const std::shared_ptr<Entering>& entering, const std::shared_ptr<Connecting>& connecting,
               std::optional<ConnectError> error);
  void refuse(std::string_view nsp, const ConnectError& error);
  void refuse_legacy(std::string_view nsp, const ConnectError& error);
  // A packet that belongs to no socket yet, or any more.
  void send_packet(std::string_view packet, std::span<const Attachment> attachments = {},
                   bool compress = true);
  void on_msgpack(std::string_view bytes);
  void protocol_error(std::string_view what);
  Socket* find(std::string_view nsp) const;

  // The transport has as much as it should hold: what comes next waits in the backlog.
  bool is_congested() const;
  void wait(Socket& socket, SharedPacket& packet, const EmitFlags& flags, bool droppable);
  void send_waiting(const WaitingPacket& packet);
  uint32_t backlog_group(Socket& socket);
  // Handlers hear of watermarks, and an overflow closes, once this turn's sending is over: whoever sends now
  // may be walking over its receivers.
  void act_later(Watermark watermark, bool overflow);
  void act();

  Server& server_;
  engineio::Connection& connection_;
  Decoder decoder_;
  std::vector<std::unique_ptr<Socket>> sockets_;  // one a namespace
  std::vector<std::shared_ptr<Entering>> entering_;
  Executor::Timer connect_deadline_;     // to join a namespace
  Executor::Timer attachment_deadline_;  // for the rest of the binary packet that is pending
  std::unique_ptr<OutputBacklog<WaitingPacket>> backlog_;  // null while nothing waits
  Executor::Timer later_;                                  // act()
  Watermark watermark_ = Watermark::kNone;                 // to be told by act()
  Watermark told_ = Watermark::kLow;                       // the last one
  bool heard_ = false;                                     // something has come from the client
  bool msgpack_ = false;                                   // it was binary: the client speaks MessagePack
  bool overflowed_ = false;
  bool acts_later_ = false;
  bool winding_down_ = false;  // takes no events any more
  bool closed_ = false;
};

}  // namespace patchbay::socketio
