// The client's end of a WebSocket: connects, shakes hands, sends masked frames with keys from the kernel's
// CSPRNG, hands up messages. Shard-local. RFC 6455.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/client_connection.h"
#include "websocket/frame.h"
#include "websocket/frame_parser.h"

namespace patchbay::websocket {

struct ClientConnectionOptions {
  http::ClientConnectionOptions http;  // where; limits of the handshake's answer
  std::string target = "/";
  http::Headers headers{};
  // From the start to the accepted handshake.
  Milliseconds open_timeout{20'000};
  // Limits of messages from the server; the role is the client's whatever it says.
  FrameParser::Options frames;
};

class ClientConnection final : public net::Disposable,
                               private net::Stream::Handler,
                               private net::TimerNode,
                               private FrameParser::Events {
 public:
  // The object above. It may let go of the connection inside any of these.
  class Handler {
   public:
    virtual ~Handler() = default;
    virtual void on_open() = 0;
    // Instead of on_open(), once: nobody answered, or no WebSocket is to be had there.
    virtual void on_refused(const Error& error) = 0;
    // Valid during the call only.
    virtual void on_message(bool binary, std::string_view payload) = 0;
    // Once, after on_open(), however the connection ends, unless the owner let go of it before. 1006: it just
    // went away. Codes of the server's violations are ours.
    virtual void on_closed(uint16_t code, std::string_view reason) = 0;
    virtual void on_drained() {}
  };

  struct Deleter {
    void operator()(ClientConnection* connection) const;
  };
  // Letting go closes the TCP connection at once; see close() for the polite way.
  using Ptr = std::unique_ptr<ClientConnection, Deleter>;

  // On `shard`, the current one. The handler hears in later turns.
  static Ptr open(net::Shard& shard, net::Resolver& resolver, ClientConnectionOptions options,
                  Handler& handler);
  ~ClientConnection() override;

  void set_handler(Handler& handler) { handler_ = &handler; }

  // One frame each, after on_open(). `prefix` and `payload` make one message.
  void send_text(std::string_view prefix, std::string_view payload);
  void send_binary(std::string_view payload);
  // Starts the closing handshake (§7.1.2) and lets go of the connection: it drains, and waits a moment for
  // the server to close. The handler hears nothing more. Before on_open() the same as letting go.
  static void close(Ptr connection, uint16_t code, std::string_view reason);

  size_t queued_bytes() const { return stream_ ? stream_->queued_bytes() : 0; }
  // When bytes last came, milliseconds of the shard's clock; 0: never. Any byte is a sign of life.
  uint64_t last_data_ms() const { return last_data_ms_; }

 private:
  ClientConnection(net::Shard& shard, ClientConnectionOptions options, Handler& handler);

  void on_data(std::span<char> bytes) override;
  void on_closed(net::CloseCause cause) override;
  void on_drained() override;
  void on_timer() override;

  bool on_message(MessageKind kind, std::string_view payload) override;
  bool on_ping(std::string_view payload) override;
  bool on_pong(std::string_view payload) override;
  bool on_close(std::optional<uint16_t> code, std::string_view reason) override;

  void on_connected(Result<net::StreamPtr> stream);
  void on_handshake_data(std::span<char> bytes);
  void on_frames(std::span<char> bytes);
  void send(Opcode opcode, std::string_view prefix, std::string_view payload);
  void refuse(const Error& error);
  void finish(uint16_t code, std::string_view reason);

  net::Shard& shard_;
  const ClientConnectionOptions options_;
  const std::string key_;
  net::Connector::Ptr connector_;
  net::StreamPtr stream_;
  std::optional<http::ResponseParser> answer_;  // until the handshake is done
  FrameParser parser_;
  Handler* handler_;
  uint64_t last_data_ms_ = 0;
};

}  // namespace patchbay::websocket
