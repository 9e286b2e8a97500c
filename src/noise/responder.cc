#include <utility>

#include "crypto/wipe.h"
#include "noise/handshake.h"
#include "noise/handshake_internal.h"
#include "noise/symmetric_state.h"
#include "proto/handshake.pb.h"

namespace patchbay::noise {

using crypto::Key32;
using crypto::view;
using proto::HandshakeMessage;

struct Responder::State {
  enum class Phase { kFresh, kHelloSent, kDone, kFailed };

  explicit State(Options given) : options(std::move(given)) {}
  ~State() { forget(); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  bool read_ik(const HandshakeMessage::ClientHello& hello, const Key32& ephemeral);
  Result<Bytes> answer_ik(const Key32& ephemeral);
  Result<Bytes> answer_xx(std::string_view protocol_name, const Key32& ephemeral);
  Result<Bytes> on_client_hello(std::string_view message);
  Status on_client_finish(std::string_view message);
  void complete();
  void fail_for_good();
  void forget();

  Options options;
  Phase phase = Phase::kFresh;
  Key32 client_static{};
  Bytes client_payload;
  std::optional<SymmetricState> symmetric;
  std::optional<Cipher> cipher;
};

void Responder::State::forget() {
  crypto::wipe(options.ephemeral);
  crypto::wipe(options.static_pair);
  symmetric.reset();
}

// False when this is not for our key, or not from who it claims to be: to be answered with XXfallback.
bool Responder::State::read_ik(const HandshakeMessage::ClientHello& hello, const Key32& ephemeral) {
  symmetric.emplace(kIkName);
  symmetric->mix_hash(kIntro);
  symmetric->mix_hash(view(options.static_pair.public_key));
  symmetric->mix_hash(view(ephemeral));
  if (!symmetric->mix_key(options.static_pair.private_key, ephemeral)) return false;
  const std::optional<Bytes> static_octets = symmetric->decrypt_and_hash(hello.static_key());
  if (!static_octets) return false;
  const std::optional<Key32> key = crypto::to_key(*static_octets);
  if (!key || !symmetric->mix_key(options.static_pair.private_key, *key)) return false;
  std::optional<Bytes> payload = symmetric->decrypt_and_hash(hello.payload());
  if (!payload) return false;
  client_static = *key;
  client_payload = std::move(*payload);
  return true;
}

Result<Bytes> Responder::State::answer_ik(const Key32& ephemeral) {
  symmetric->mix_hash(view(options.ephemeral.public_key));
  if (!symmetric->mix_key(options.ephemeral.private_key, ephemeral))
    return small_order("the client's ephemeral key");
  if (!symmetric->mix_key(options.ephemeral.private_key, client_static))
    return small_order("the client's static key");
  HandshakeMessage answer;
  HandshakeMessage::ServerHello& hello = *answer.mutable_server_hello();
  hello.set_ephemeral(to_octets(options.ephemeral.public_key));
  hello.set_payload(symmetric->encrypt_and_hash(options.certificate_chain));
  complete();
  return answer.SerializeAsString();
}

Result<Bytes> Responder::State::answer_xx(std::string_view protocol_name, const Key32& ephemeral) {
  symmetric.emplace(protocol_name);
  symmetric->mix_hash(kIntro);
  symmetric->mix_hash(view(ephemeral));
  symmetric->mix_hash(view(options.ephemeral.public_key));
  if (!symmetric->mix_key(options.ephemeral.private_key, ephemeral))
    return small_order("the client's ephemeral key");
  HandshakeMessage answer;
  HandshakeMessage::ServerHello& hello = *answer.mutable_server_hello();
  hello.set_ephemeral(to_octets(options.ephemeral.public_key));
  hello.set_static_key(symmetric->encrypt_and_hash(view(options.static_pair.public_key)));
  if (!symmetric->mix_key(options.static_pair.private_key, ephemeral))
    return small_order("the client's ephemeral key");
  hello.set_payload(symmetric->encrypt_and_hash(options.certificate_chain));
  phase = Phase::kHelloSent;
  return answer.SerializeAsString();
}

Result<Bytes> Responder::State::on_client_hello(std::string_view message) {
  PB_ASSIGN(const HandshakeMessage parsed, parse_handshake(message));
  if (!parsed.has_client_hello()) return bad_request("the client's first message is no client hello");
  const HandshakeMessage::ClientHello& hello = parsed.client_hello();
  const std::optional<Key32> ephemeral = crypto::to_key(hello.ephemeral());
  if (!ephemeral) return bad_request("the client's ephemeral key is not 32 octets");

  if (!hello.has_static_key() && !hello.has_payload()) return answer_xx(kXxName, *ephemeral);
  if (!hello.has_static_key() || !hello.has_payload())
    return bad_request("the client hello is neither of XX nor of IK");
  if (options.accept_ik && read_ik(hello, *ephemeral)) return answer_ik(*ephemeral);
  return answer_xx(kXxFallbackName, *ephemeral);
}

Status Responder::State::on_client_finish(std::string_view message) {
  PB_ASSIGN(const HandshakeMessage parsed, parse_handshake(message));
  if (!parsed.has_client_finish()) return bad_request("the client's last message is no client finish");
  const HandshakeMessage::ClientFinish& finish = parsed.client_finish();
  const std::optional<Bytes> static_octets = symmetric->decrypt_and_hash(finish.static_key());
  if (!static_octets) return wrong_tag("the client's static key");
  const std::optional<Key32> key = crypto::to_key(*static_octets);
  if (!key) return bad_request("the client's static key is not 32 octets");
  if (!symmetric->mix_key(options.ephemeral.private_key, *key)) return small_order("the client's static key");
  std::optional<Bytes> payload = symmetric->decrypt_and_hash(finish.payload());
  if (!payload) return wrong_tag("the client's payload");
  client_static = *key;
  client_payload = std::move(*payload);
  complete();
  return {};
}

void Responder::State::complete() {
  cipher = symmetric->split(false);
  phase = Phase::kDone;
  forget();
}

void Responder::State::fail_for_good() {
  phase = Phase::kFailed;
  forget();
}

Responder::Responder(Options options) : state_(std::make_unique<State>(std::move(options))) {}
Responder::~Responder() = default;
Responder::Responder(Responder&&) noexcept = default;
Responder& Responder::operator=(Responder&&) noexcept = default;

Result<Bytes> Responder::on_client_hello(std::string_view message) {
  if (state_->phase != State::Phase::kFresh) return bad_request("a client hello is not expected now");
  Result<Bytes> answer = state_->on_client_hello(message);
  if (!answer) state_->fail_for_good();
  return answer;
}

Status Responder::on_client_finish(std::string_view message) {
  if (state_->phase != State::Phase::kHelloSent) return bad_request("a client finish is not expected now");
  Status status = state_->on_client_finish(message);
  if (!status) state_->fail_for_good();
  return status;
}

bool Responder::done() const {
  return state_->phase == State::Phase::kDone;
}

const Key32& Responder::client_static() const {
  return state_->client_static;
}

std::string_view Responder::client_payload() const {
  return state_->client_payload;
}

Cipher Responder::take_cipher() {
  require(state_->cipher.has_value(), "take_cipher() comes once, after the handshake");
  Cipher cipher = std::move(*state_->cipher);
  state_->cipher.reset();
  return cipher;
}

}  // namespace patchbay::noise
