// A server-side WebSocket on one stream: frames in, messages out. Shard-local. RFC 6455.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "net/stream.h"
#include "websocket/frame.h"
#include "websocket/frame_parser.h"

namespace patchbay::websocket {

class Connection final : public net::Stream::Handler, public net::Disposable, private FrameParser::Events {
 public:
  // The object above. It may let go of the connection inside any of these.
  class Handler {
   public:
    virtual ~Handler() = default;
    // Valid during the call only.
    virtual void on_message(bool binary, std::string_view payload) = 0;
    // Once, however the connection ends, unless the owner let go of it before. 1006: it just went away.
    virtual void on_closed(uint16_t code, std::string_view reason) = 0;
    virtual void on_drained() {}
  };

  struct Deleter {
    void operator()(Connection* connection) const;
  };
  // Letting go closes the TCP connection at once, without a closing handshake; see close() for the polite
  // way.
  using Ptr = std::unique_ptr<Connection, Deleter>;

  // Takes a stream whose upgrade was accepted, writes `upgrade_response` and goes on with `leftover`, bytes
  // that came after the request (handled in the next turn). On `shard`, the current one.
  static Ptr accept(net::Shard& shard, net::StreamPtr stream, std::string_view upgrade_response,
                    std::string leftover, const FrameParser::Options& options, Handler& handler);

  void set_handler(Handler& handler) { handler_ = &handler; }

  // One frame each; nothing is sent once closing has begun. `prefix` and `payload` make one message.
  void send_text(std::string_view prefix, std::string_view payload);
  void send_binary(std::string_view payload);
  void send_frame(const net::BufferRef& frame);
  // Starts the closing handshake (§7.1.2) and lets go of the connection: it drains, and waits a moment for
  // the peer's close frame. The handler hears nothing more.
  static void close(Ptr connection, uint16_t code, std::string_view reason);

  size_t queued_bytes() const { return stream_ ? stream_->queued_bytes() : 0; }

 private:
  Connection(net::StreamPtr stream, const FrameParser::Options& options, Handler& handler);

  void on_data(std::span<char> bytes) override;
  void on_closed(net::CloseCause cause) override;
  void on_drained() override;

  bool on_message(MessageKind kind, std::string_view payload) override;
  bool on_ping(std::string_view payload) override;
  bool on_pong(std::string_view payload) override;
  bool on_close(std::optional<uint16_t> code, std::string_view reason) override;

  void finish(uint16_t code, std::string_view reason);

  net::StreamPtr stream_;
  FrameParser parser_;
  Handler* handler_;
};

}  // namespace patchbay::websocket
