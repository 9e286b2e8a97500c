// A server-side WebSocket on one stream: frames in, messages out, compressed where that was agreed on (RFC
// 7692). Shard-local. RFC 6455.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "net/stream.h"
#include "websocket/deflate_extension.h"
#include "websocket/frame.h"
#include "websocket/frame_parser.h"
#include "websocket/shared_frame.h"

namespace patchbay::websocket {

// Beside what the parser is told. The agreement counts together with FrameParser::Options::deflate.
struct ConnectionOptions {
  DeflateAgreement deflate;
  // From the first byte of a message, fragments and all, to its last; past it 1008.
  Milliseconds message_timeout{60'000};
};

class Connection final : public net::Stream::Handler, public net::Disposable, private FrameParser::Events {
 public:
  // The object above. It may let go of the connection inside any of these.
  class Handler {
   public:
    virtual ~Handler() = default;
    // Valid during the call only.
    virtual void on_message(bool binary, std::string_view payload) = 0;
    // A ping, before it is answered, or a pong.
    virtual void on_control(std::string_view /*payload*/) {}
    // Once, however the connection ends, unless the owner let go of it before. 1006: it just went away.
    virtual void on_closed(uint16_t code, std::string_view reason) = 0;
    virtual void on_drained() {}
  };

  ~Connection() override;
  struct Deleter {
    void operator()(Connection* connection) const;
  };
  // Letting go closes the TCP connection at once, without a closing handshake; see close() for the polite
  // way.
  using Ptr = std::unique_ptr<Connection, Deleter>;

  // Takes a stream whose upgrade was accepted, writes `upgrade_response` and goes on with `leftover`, bytes
  // that came after the request (handled in the next turn). On `shard`, the current one.
  static Ptr accept(net::Shard& shard, net::StreamPtr stream, std::string_view upgrade_response,
                    std::string leftover, const FrameParser::Options& options, Handler& handler,
                    const ConnectionOptions& more = {});

  void set_handler(Handler& handler) { handler_ = &handler; }

  // One frame each; nothing is sent once closing has begun. `prefix` and `payload` make one message.
  // `compress` allows compression where it was agreed on and pays.
  void send_text(std::string_view prefix, std::string_view payload, bool compress = true);
  void send_binary(std::string_view payload, bool compress = true);
  void send_frame(const net::BufferRef& frame);
  void send_shared(const SharedFrame& frame);
  // Starts the closing handshake (§7.1.2) and lets go of the connection: it drains, and waits a moment for
  // the peer's close frame. The handler hears nothing more.
  static void close(Ptr connection, uint16_t code, std::string_view reason);

  size_t queued_bytes() const { return stream_ ? stream_->queued_bytes() : 0; }

 private:
  class MessageDeadline;

  Connection(net::StreamPtr stream, const FrameParser::Options& options, Handler& handler,
             const ConnectionOptions& more);

  void on_data(std::span<char> bytes) override;
  void on_closed(net::CloseCause cause) override;
  void on_drained() override;

  bool on_message(MessageKind kind, std::string_view payload) override;
  bool on_ping(std::string_view payload) override;
  bool on_pong(std::string_view payload) override;
  bool on_close(std::optional<uint16_t> code, std::string_view reason) override;

  void send(Opcode opcode, std::string_view prefix, std::string_view payload, bool compress);
  // Null unless this connection may be sent compressed messages; knows the turn.
  DeflateCodec* deflate();
  void watch_partial();
  void violation(uint16_t code, std::string_view reason);
  void finish(uint16_t code, std::string_view reason);

  net::StreamPtr stream_;
  FrameParser parser_;
  Handler* handler_;
  std::unique_ptr<MessageDeadline> deadline_;  // while a message has begun and not ended
  uint32_t message_timeout_ms_;
  uint8_t send_window_bits_;
};

}  // namespace patchbay::websocket
