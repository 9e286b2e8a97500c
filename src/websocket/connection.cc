#include "websocket/connection.h"

namespace patchbay::websocket {

void Connection::Deleter::operator()(Connection* connection) const {
  connection->handler_ = nullptr;
  net::Shard* const shard = connection->stream_ ? connection->stream_->shard() : net::Shard::current();
  connection->stream_.reset();
  if (shard != nullptr) {
    shard->destroy_later(std::unique_ptr<net::Disposable>(connection));
  } else {
    delete connection;
  }
}

Connection::Connection(net::StreamPtr stream, const FrameParser::Options& options, Handler& handler)
    : stream_(std::move(stream)), parser_(options), handler_(&handler) {}

Connection::Ptr Connection::accept(net::Shard& shard, net::StreamPtr stream,
                                   std::string_view upgrade_response, std::string leftover,
                                   const FrameParser::Options& options, Handler& handler) {
  Ptr connection(new Connection(std::move(stream), options, handler));
  connection->stream_->attach(shard, *connection);
  connection->stream_->write(upgrade_response);
  if (!leftover.empty()) connection->stream_->unread(std::move(leftover));
  return connection;
}

void Connection::send_text(std::string_view prefix, std::string_view payload) {
  if (!stream_) return;
  char header[kMaxFrameHeader + 8];
  size_t size = encode_frame_header(header, Opcode::kText, prefix.size() + payload.size());
  size += prefix.copy(header + size, sizeof header - size);
  stream_->write({header, size}, payload);
}

void Connection::send_binary(std::string_view payload) {
  if (!stream_) return;
  char header[kMaxFrameHeader];
  const size_t size = encode_frame_header(header, Opcode::kBinary, payload.size());
  stream_->write({header, size}, payload);
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
  if (Handler* const handler = std::exchange(handler_, nullptr)) handler->on_closed(code, reason);
}

void Connection::on_data(std::span<char> bytes) {
  const FrameParser::Outcome outcome = parser_.feed(bytes, *this);
  if (outcome.kind != FrameParser::Outcome::Kind::kViolation || !stream_) return;
  std::string frame;
  append_close(frame, outcome.close_code, outcome.reason);
  stream_->write(frame);
  net::Stream::close_gracefully(std::move(stream_));
  finish(outcome.close_code, outcome.reason);
}

void Connection::on_closed(net::CloseCause cause) {
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
  std::string frame;
  append_frame(frame, Opcode::kPong, payload);
  stream_->write(frame);
  return true;
}

bool Connection::on_pong(std::string_view) {
  return true;
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
