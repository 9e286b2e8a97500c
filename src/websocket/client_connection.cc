#include "websocket/client_connection.h"

#include <utility>

#include "base/ids.h"
#include "websocket/client_handshake.h"

namespace patchbay::websocket {
namespace {

constexpr size_t kLargeFrame = 4096;

MaskKey make_mask() {
  MaskKey key;
  random_bytes(key);
  return key;
}

FrameParser::Options as_client(FrameParser::Options options) {
  options.role = FrameParser::Role::kClient;
  return options;
}

}  // namespace

void ClientConnection::Deleter::operator()(ClientConnection* connection) const {
  connection->handler_ = nullptr;
  connection->cancel();
  connection->connector_.reset();
  connection->stream_.reset();
  connection->shard_.destroy_later(std::unique_ptr<net::Disposable>(connection));
}

ClientConnection::ClientConnection(net::Shard& shard, ClientConnectionOptions options, Handler& handler)
    : shard_(shard),
      options_(std::move(options)),
      key_(make_key()),
      answer_(std::in_place, options_.http.limits),
      parser_(as_client(options_.frames)),
      handler_(&handler) {}

ClientConnection::~ClientConnection() = default;

ClientConnection::Ptr ClientConnection::open(net::Shard& shard, net::Resolver& resolver,
                                             ClientConnectionOptions options, Handler& handler) {
  Ptr connection(new ClientConnection(shard, std::move(options), handler));
  ClientConnection& it = *connection;
  shard.schedule(it, it.options_.open_timeout);
  it.connector_ =
      net::Connector::start(shard, resolver, it.options_.http.connect, [&it](Result<net::StreamPtr> stream) {
        it.connector_.reset();
        it.on_connected(std::move(stream));
      });
  return connection;
}

void ClientConnection::on_connected(Result<net::StreamPtr> stream) {
  if (!stream) return refuse(stream.error());
  std::string request;
  const auto status =
      append_upgrade_request(request, options_.target, options_.http.host, options_.headers, key_);
  if (!status) return refuse(status.error());
  stream_ = std::move(*stream);
  stream_->attach(shard_, *this);
  stream_->write(request);
}

void ClientConnection::refuse(const Error& error) {
  cancel();
  stream_.reset();
  if (Handler* const handler = std::exchange(handler_, nullptr)) handler->on_refused(error);
}

void ClientConnection::on_timer() {
  connector_.reset();
  refuse({ErrorCode::kRequestTimeout,
          "'" + options_.http.connect.host + "' did not open the WebSocket within " +
              std::to_string(options_.open_timeout.count()) + " ms",
          {}});
}

void ClientConnection::on_data(std::span<char> bytes) {
  last_data_ms_ = shard_.now_ms();
  answer_ ? on_handshake_data(bytes) : on_frames(bytes);
}

void ClientConnection::on_handshake_data(std::span<char> bytes) {
  const size_t taken = answer_->feed({bytes.data(), bytes.size()});
  if (answer_->state() == http::ResponseParser::State::kNeedMore) return;
  if (answer_->state() == http::ResponseParser::State::kError)
    return refuse(
        {ErrorCode::kBadRequest,
         "'" + options_.http.connect.host + "' gave an answer that is not usable: " + answer_->error(),
         {}});
  const auto status = check_upgrade_answer(answer_->take_response(), key_);
  if (!status) return refuse(status.error());
  cancel();
  answer_.reset();
  handler_->on_open();
  if (stream_ && handler_ != nullptr && taken < bytes.size()) on_frames(bytes.subspan(taken));
}

void ClientConnection::on_frames(std::span<char> bytes) {
  const FrameParser::Outcome outcome = parser_.feed(bytes, *this);
  if (outcome.kind != FrameParser::Outcome::Kind::kViolation || !stream_) return;
  std::string frame;
  append_masked_close(frame, outcome.close_code, outcome.reason, make_mask());
  stream_->write(frame);
  net::Stream::close_gracefully(std::move(stream_));
  finish(outcome.close_code, outcome.reason);
}

void ClientConnection::on_closed(net::CloseCause cause) {
  stream_.reset();
  if (!answer_) return finish(kCloseAbnormal, net::to_string(cause));
  // An answer without length ends with the connection.
  answer_->finish();
  if (answer_->state() == http::ResponseParser::State::kComplete)
    return refuse({ErrorCode::kServiceUnavailable, http::describe(answer_->take_response()), {}});
  refuse({ErrorCode::kServiceUnavailable,
          "'" + options_.http.connect.host + "' closed the connection during the WebSocket handshake",
          {}});
}

void ClientConnection::finish(uint16_t code, std::string_view reason) {
  if (Handler* const handler = std::exchange(handler_, nullptr)) handler->on_closed(code, reason);
}

void ClientConnection::on_drained() {
  if (handler_ != nullptr && !answer_) handler_->on_drained();
}

void ClientConnection::send(Opcode opcode, std::string_view prefix, std::string_view payload) {
  if (!stream_ || answer_) return;
  const MaskKey mask = make_mask();
  char header[kMaxFrameHeader];
  const size_t size = encode_frame_header(header, opcode, prefix.size() + payload.size(), mask);
  std::string frame;
  frame.reserve(size + prefix.size() + payload.size());
  frame.append(header, size).append(prefix).append(payload);
  apply_mask(frame.data() + size, frame.size() - size, mask);
  // Small frames share a block; a large one keeps its own.
  if (frame.size() < kLargeFrame) return stream_->write(frame);
  stream_->write(net::make_buffer(std::move(frame)));
}

void ClientConnection::send_text(std::string_view prefix, std::string_view payload) {
  send(Opcode::kText, prefix, payload);
}

void ClientConnection::send_binary(std::string_view payload) {
  send(Opcode::kBinary, {}, payload);
}

void ClientConnection::close(Ptr connection, uint16_t code, std::string_view reason) {
  if (!connection->stream_ || connection->answer_) return;
  std::string frame;
  append_masked_close(frame, code, reason, make_mask());
  connection->stream_->write(frame);
  net::Stream::close_gracefully(std::move(connection->stream_));
}

bool ClientConnection::on_message(MessageKind kind, std::string_view payload) {
  handler_->on_message(kind == MessageKind::kBinary, payload);
  return handler_ != nullptr && stream_ != nullptr;
}

bool ClientConnection::on_ping(std::string_view payload) {
  std::string frame;
  append_masked_frame(frame, Opcode::kPong, payload, make_mask());
  stream_->write(frame);
  return true;
}

bool ClientConnection::on_pong(std::string_view) {
  return true;
}

bool ClientConnection::on_close(std::optional<uint16_t> code, std::string_view reason) {
  // §5.5.1: the close frame is answered with one; then the server ends the connection.
  std::string frame;
  append_masked_close(frame, code.value_or(kCloseNoStatus), {}, make_mask());
  stream_->write(frame);
  net::Stream::close_gracefully(std::move(stream_));
  finish(code.value_or(kCloseNoStatus), reason);
  return false;
}

}  // namespace patchbay::websocket
