#include "whatsapp/node_channel.h"

#include "binary/decoder.h"
#include "binary/encoder.h"

namespace patchbay::whatsapp {
namespace {

// A server's hello is some 400 bytes; nobody has proved anything before it.
constexpr size_t kMaxHandshakeBytes = 65'536;

}  // namespace

NodeChannel::NodeChannel(noise::Initiator::Options options) : tried_ik_(options.server_static.has_value()) {
  handshake_.emplace(std::move(options));
}

Bytes NodeChannel::start(std::string_view routing_info) {
  Bytes out = noise::intro_header(routing_info);
  (void)noise::append_frame(out, handshake_->start());  // what is made here is far below a frame's limit
  return out;
}

Status NodeChannel::feed(std::string_view bytes, Events& events) {
  if (!is_open() && frames_.buffered_bytes() + bytes.size() > kMaxHandshakeBytes)
    return fail(ErrorCode::kPayloadTooLarge, "the server's handshake has no end");
  Status outcome;
  const Status framing = frames_.feed(bytes, [&](std::string_view payload) {
    bool go_on = true;
    outcome = on_frame(payload, events, go_on);
    return outcome.has_value() && go_on;
  });
  return outcome ? framing : outcome;
}

Status NodeChannel::on_frame(std::string_view payload, Events& events, bool& go_on) {
  if (!is_open()) {
    PB_ASSIGN(Bytes answer, handshake_->on_server_hello(payload));
    cipher_.emplace(handshake_->take_cipher());
    server_static_ = handshake_->server_static();
    handshake_.reset();
    Bytes out;
    if (!answer.empty()) (void)noise::append_frame(out, answer);
    events.on_handshake_done(std::move(out));
    return {};
  }
  const auto plain = cipher_->decrypt(payload);
  if (!plain) return fail(ErrorCode::kAuthentication, "a frame from the server was damaged or forged");
  const auto node = binary::decode(*plain);
  if (!node) return events.on_unreadable(node.error()) ? Status() : std::unexpected(node.error());
  go_on = events.on_node(*node);
  return {};
}

Bytes NodeChannel::encode(const binary::Node& node) {
  Bytes out;
  (void)noise::append_frame(out, cipher_->encrypt(binary::encode(node)));
  return out;
}

}  // namespace patchbay::whatsapp
