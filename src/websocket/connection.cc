#include "websocket/connection.h"

#include <algorithm>
#include <utility>

namespace patchbay::websocket {
namespace {

// Input that is parsed before the budget of inflating is looked at again: little enough that what it may
// stand for (about a thousand times as much) is done in a few milliseconds.
constexpr size_t kInflateSlice = 4 * 1024;

}  // namespace

// Wakes when a message that began has not ended in time. Exists only meanwhile.
class Connection::MessageDeadline final : public net::TimerNode {
 public:
  MessageDeadline(Connection& connection, uint32_t partial) : partial_(partial), connection_(connection) {}
  uint32_t partial() const { return partial_; }

 private:
  void on_timer() override {
    connection_.violation(kClosePolicy, "a message was not whole within " +
                                            std::to_string(connection_.message_timeout_ms_) +
                                            " ms of its first byte");
  }
  uint32_t partial_;
  Connection& connection_;
};

void Connection::Deleter::operator()(Connection* connection) const {
  connection->handler_ = nullptr;
  connection->deadline_.reset();
  net::Shard* const shard = connection->stream_ ? connection->stream_->shard() : net::Shard::current();
  connection->stream_.reset();
  if (shard != nullptr) {
    shard->destroy_later(std::unique_ptr<net::Disposable>(connection));
  } else {
    delete connection;
  }
}

Connection::Connection(net::StreamPtr stream, const FrameParser::Options& options, Handler& handler,
                       const ConnectionOptions& more)
    : stream_(std::move(stream)),
      parser_(options),
      handler_(&handler),
      message_timeout_ms_(
          static_cast<uint32_t>(std::clamp<int64_t>(more.message_timeout.count(), 1, UINT32_MAX))),
      send_window_bits_(more.deflate.send_window_bits) {}

Connection::~Connection() = default;

Connection::Ptr Connection::accept(net::Shard& shard, net::StreamPtr stream,
                                   std::string_view upgrade_response, std::string leftover,
                                   const FrameParser::Options& options, Handler& handler,
                                   const ConnectionOptions& more) {
  Ptr connection(new Connection(std::move(stream), options, handler, more));
  connection->stream_->attach(shard, *connection);
  connection->stream_->write(upgrade_response);
  if (!leftover.empty()) connection->stream_->unread(std::move(leftover));
  return connection;
}

void Connection::send_text(std::string_view prefix, std::string_view payload, bool compress) {
  send(Opcode::kText, prefix, payload, compress);
}

void Connection::send_binary(std::string_view payload, bool compress) {
  send(Opcode::kBinary, {}, payload, compress);
}

void Connection::send(Opcode opcode, std::string_view prefix, std::string_view payload, bool compress) {
  if (!stream_) return;
  char header[kMaxFrameHeader + 8];
  const size_t whole = prefix.size() + payload.size();
  DeflateCodec* const codec = compress ? deflate() : nullptr;
  if (codec != nullptr && codec->worth_deflating(whole, send_window_bits_)) {
    if (const auto compressed = codec->deflate(prefix, payload, send_window_bits_)) {
      const size_t size = encode_frame_header(header, opcode, compressed->size());
      header[0] = static_cast<char>(static_cast<uint8_t>(header[0]) | kCompressedBit);
      return stream_->write({header, size}, *compressed);
    }
  }
  size_t size = encode_frame_header(header, opcode, whole);
  size += prefix.copy(header + size, sizeof header - size);
  stream_->write({header, size}, payload);
}

void Connection::send_shared(const SharedFrame& frame) {
  if (!stream_) return;
  DeflateCodec* const codec = frame.may_compress() ? deflate() : nullptr;
  stream_->write(codec != nullptr ? frame.deflated(*codec, send_window_bits_) : frame.plain());
}

DeflateCodec* Connection::deflate() {
  DeflateCodec* const codec = send_window_bits_ != 0 ? parser_.deflate() : nullptr;
  if (codec != nullptr) codec->set_turn(stream_->shard()->counters().turns.load(std::memory_order_relaxed));
  return codec;
}

void Connection::send_frame(const net::BufferRef& frame) {
  if (stream_) stream_->write(frame);
}

void Connection::close(Ptr connection, uint16_t code, std::string_view reason) {
  if (!connection->stream_) return;
  std::string frame;
  append_close(frame, code, reason);
  connection->stream_->write(frame);
  net::Stream::close_gracefully(std::move(connection->stream_));
}

void Connection::finish(uint16_t code, std::string_view reason) {
  if (deadline_ != nullptr) deadline_->cancel();
  if (Handler* const handler = std::exchange(handler_, nullptr)) handler->on_closed(code, reason);
}

void Connection::on_data(std::span<char> bytes) {
  DeflateCodec* const codec = deflate();
  while (!bytes.empty()) {
    const size_t size = codec != nullptr ? std::min(bytes.size(), kInflateSlice) : bytes.size();
    const FrameParser::Outcome outcome = parser_.feed(bytes.first(size), *this);
    // The events may have ended this connection; it lives to the end of the turn.
    if (!stream_) return;
    if (outcome.kind == FrameParser::Outcome::Kind::kViolation)
      return violation(outcome.close_code, outcome.reason);
    if (outcome.kind == FrameParser::Outcome::Kind::kStopped) break;
    bytes = bytes.subspan(size);
    if (codec != nullptr && codec->inflate_exhausted() && !bytes.empty()) {
      stream_->unread(std::string(bytes.begin(), bytes.end()));
      break;
    }
  }
  watch_partial();
}

void Connection::watch_partial() {
  if (!parser_.has_partial()) return deadline_.reset();
  if (deadline_ != nullptr && deadline_->partial() == parser_.partials_begun()) return;
  deadline_ = std::make_unique<MessageDeadline>(*this, parser_.partials_begun());
  stream_->shard()->schedule(*deadline_, Milliseconds(message_timeout_ms_));
}

void Connection::violation(uint16_t code, std::string_view reason) {
  if (!stream_) return;
  std::string frame;
  append_close(frame, code, reason);
  stream_->write(frame);
  net::Stream::close_gracefully(std::move(stream_));
  finish(code, reason);
}

void Connection::on_closed(net::CloseCause cause) {
  deadline_.reset();
  stream_.reset();
  finish(kCloseAbnormal, net::to_string(cause));
}

void Connection::on_drained() {
  if (handler_ != nullptr) handler_->on_drained();
}

bool Connection::on_message(MessageKind kind, std::string_view payload) {
  handler_->on_message(kind == MessageKind::kBinary, payload);
  return handler_ != nullptr && stream_ != nullptr;
}

bool Connection::on_ping(std::string_view payload) {
  if (!on_pong(payload)) return false;
  std::string frame;
  append_frame(frame, Opcode::kPong, payload);
  stream_->write(frame);
  return true;
}

bool Connection::on_pong(std::string_view payload) {
  handler_->on_control(payload);
  return handler_ != nullptr && stream_ != nullptr;
}

bool Connection::on_close(std::optional<uint16_t> code, std::string_view reason) {
  // §5.5.1: the close frame is answered with one, and then the server ends the connection.
  std::string frame;
  append_close(frame, code.value_or(kCloseNoStatus), {});
  stream_->write(frame);
  net::Stream::close_gracefully(std::move(stream_));
  finish(code.value_or(kCloseNoStatus), reason);
  return false;
}

}  // namespace patchbay::websocket
