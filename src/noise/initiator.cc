#include <utility>

#include "crypto/wipe.h"
#include "noise/certificate.h"
#include "noise/handshake.h"
#include "noise/handshake_internal.h"
#include "noise/symmetric_state.h"
#include "proto/handshake.pb.h"

namespace patchbay::noise {

using crypto::Key32;
using crypto::view;
using proto::HandshakeMessage;

struct Initiator::State {
  enum class Phase { kFresh, kXx, kIk, kDone, kFailed };

  explicit State(Options given) : options(std::move(given)) {}
  ~State() { forget(); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  bool begin_ik(HandshakeMessage::ClientHello& hello);
  void begin_xx();
  Status read_ik_answer(const HandshakeMessage::ServerHello& hello, const Key32& ephemeral);
  Status read_xx_answer(const HandshakeMessage::ServerHello& hello, const Key32& ephemeral);
  Result<Bytes> finish_xx(const Key32& server_ephemeral);
  Result<Bytes> on_server_hello(std::string_view message);
  void complete();
  void forget();

  Options options;
  Phase phase = Phase::kFresh;
  bool used_ik = false;
  Key32 server_static{};
  std::optional<SymmetricState> symmetric;
  std::optional<Cipher> cipher;
};

void Initiator::State::forget() {
  crypto::wipe(options.ephemeral);
  crypto::wipe(options.static_pair);
  symmetric.reset();
}

// False when the key that was given is none; nothing was sent then.
bool Initiator::State::begin_ik(HandshakeMessage::ClientHello& hello) {
  symmetric.emplace(kIkName);
  symmetric->mix_hash(kIntro);
  symmetric->mix_hash(view(*options.server_static));
  symmetric->mix_hash(view(options.ephemeral.public_key));
  if (!symmetric->mix_key(options.ephemeral.private_key, *options.server_static)) return false;
  hello.set_static_key(symmetric->encrypt_and_hash(view(options.static_pair.public_key)));
  if (!symmetric->mix_key(options.static_pair.private_key, *options.server_static)) return false;
  hello.set_payload(symmetric->encrypt_and_hash(options.client_payload));
  phase = Phase::kIk;
  return true;
}

void Initiator::State::begin_xx() {
  symmetric.emplace(kXxName);
  symmetric->mix_hash(kIntro);
  symmetric->mix_hash(view(options.ephemeral.public_key));
  phase = Phase::kXx;
}

Status Initiator::State::read_ik_answer(const HandshakeMessage::ServerHello& hello, const Key32& ephemeral) {
  symmetric->mix_hash(view(ephemeral));
  if (!symmetric->mix_key(options.ephemeral.private_key, ephemeral) ||
      !symmetric->mix_key(options.static_pair.private_key, ephemeral))
    return small_order("the server's ephemeral key");
  // What is in it says nothing that the tag does not say: this is the server whose key was verified before.
  if (!symmetric->decrypt_and_hash(hello.payload())) return wrong_tag("the server's payload");
  used_ik = true;
  server_static = *options.server_static;
  return {};
}

Status Initiator::State::read_xx_answer(const HandshakeMessage::ServerHello& hello, const Key32& ephemeral) {
  symmetric->mix_hash(view(ephemeral));
  if (!symmetric->mix_key(options.ephemeral.private_key, ephemeral))
    return small_order("the server's ephemeral key");
  const std::optional<Bytes> static_octets = symmetric->decrypt_and_hash(hello.static_key());
  if (!static_octets) return wrong_tag("the server's static key");
  const std::optional<Key32> key = crypto::to_key(*static_octets);
  if (!key) return bad_request("the server's static key is not 32 octets");
  if (!symmetric->mix_key(options.ephemeral.private_key, *key)) return small_order("the server's static key");
  const std::optional<Bytes> chain = symmetric->decrypt_and_hash(hello.payload());
  if (!chain) return wrong_tag("the server's certificate chain");
  PB_TRY(verify_certificate_chain(*chain, *key, options.root, options.now));
  server_static = *key;
  return {};
}

Result<Bytes> Initiator::State::finish_xx(const Key32& server_ephemeral) {
  HandshakeMessage answer;
  HandshakeMessage::ClientFinish& finish = *answer.mutable_client_finish();
  finish.set_static_key(symmetric->encrypt_and_hash(view(options.static_pair.public_key)));
  if (!symmetric->mix_key(options.static_pair.private_key, server_ephemeral))
    return small_order("the server's ephemeral key");
  finish.set_payload(symmetric->encrypt_and_hash(options.client_payload));
  return answer.SerializeAsString();
}

Result<Bytes> Initiator::State::on_server_hello(std::string_view message) {
  PB_ASSIGN(const HandshakeMessage parsed, parse_handshake(message));
  if (!parsed.has_server_hello()) return bad_request("the server's answer is no server hello");
  const HandshakeMessage::ServerHello& hello = parsed.server_hello();
  const std::optional<Key32> ephemeral = crypto::to_key(hello.ephemeral());
  if (!ephemeral) return bad_request("the server's ephemeral key is not 32 octets");

  if (phase == Phase::kIk && !hello.has_static_key()) {
    PB_TRY(read_ik_answer(hello, *ephemeral));
    complete();
    return Bytes{};
  }
  if (phase == Phase::kIk) {
    // Refused. What was sent, apart from the ephemeral key, does not count.
    symmetric.emplace(kXxFallbackName);
    symmetric->mix_hash(kIntro);
    symmetric->mix_hash(view(options.ephemeral.public_key));
  }
  PB_TRY(read_xx_answer(hello, *ephemeral));
  PB_ASSIGN(Bytes answer, finish_xx(*ephemeral));
  complete();
  return answer;
}

void Initiator::State::complete() {
  cipher = symmetric->split(true);
  phase = Phase::kDone;
  forget();
}

Initiator::Initiator(Options options) : state_(std::make_unique<State>(std::move(options))) {}
Initiator::~Initiator() = default;
Initiator::Initiator(Initiator&&) noexcept = default;
Initiator& Initiator::operator=(Initiator&&) noexcept = default;

Bytes Initiator::start() {
  require(state_->phase == State::Phase::kFresh, "start() comes once");
  HandshakeMessage message;
  HandshakeMessage::ClientHello& hello = *message.mutable_client_hello();
  if (!state_->options.server_static || !state_->begin_ik(hello)) {
    hello.Clear();
    state_->begin_xx();
  }
  hello.set_ephemeral(to_octets(state_->options.ephemeral.public_key));
  return message.SerializeAsString();
}

Result<Bytes> Initiator::on_server_hello(std::string_view message) {
  if (state_->phase != State::Phase::kXx && state_->phase != State::Phase::kIk)
    return bad_request("a server hello is not expected now");
  Result<Bytes> answer = state_->on_server_hello(message);
  if (!answer) {
    state_->phase = State::Phase::kFailed;
    state_->forget();
  }
  return answer;
}

Cipher Initiator::take_cipher() {
  require(state_->cipher.has_value(), "take_cipher() comes once, after the handshake");
  Cipher cipher = std::move(*state_->cipher);
  state_->cipher.reset();
  return cipher;
}

const Key32& Initiator::server_static() const {
  return state_->server_static;
}

bool Initiator::used_ik() const {
  return state_->used_ik;
}

}  // namespace patchbay::noise
