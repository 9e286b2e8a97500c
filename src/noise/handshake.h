// The Noise handshake of WhatsApp's sockets: XX, IK when the server's static key is known from before, and
// XXfallback when the server refuses IK. Both ends, as state machines without I/O: whole frames' payloads in,
// payloads out; the frames' lengths and the intro header are the caller's (frame.h, intro_header()).
// Randomness comes in as the ephemeral key pair, which serves one handshake. Private keys are wiped as soon
// as they are not needed any more. Peers' messages give an error at worst, and a second one after an error,
// or in the wrong order, gives kBadRequest. Shard-local. Noise specification revision 34; WhatsApp's dialect:
// docs/protocol/whatsapp.md.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/curve25519.h"
#include "noise/cipher.h"

namespace patchbay::noise {

// "WA", protocol 6, dictionary version 3: before the first frame, and hashed into the handshake.
inline constexpr std::string_view kIntro{"WA\x06\x03", 4};
// Noise, §3: a message is at most this long. The frames of a handshake may be limited to it.
inline constexpr size_t kMaxHandshakeBytes = 65'535;
inline constexpr size_t kMaxRoutingInfoBytes = 65'536;

// What goes before the first frame: kIntro, with routing information in front of it when there is some (only
// kIntro is hashed). It is a hint: one longer than kMaxRoutingInfoBytes is left out.
Bytes intro_header(std::string_view routing_info = {});

class Initiator {
 public:
  struct Options {
    crypto::KeyPair ephemeral;    // fresh for every handshake
    crypto::KeyPair static_pair;  // the device's noise key
    Bytes client_payload;         // serialized ClientPayload
    crypto::Key32 root{};         // noise::kWhatsAppRoot but in tests and sandboxes
    WallTime now{};               // for the certificates' validity
    // Known from an earlier XX: begins with IK. A point of small order is taken for none.
    std::optional<crypto::Key32> server_static = {};
  };
  explicit Initiator(Options options);
  ~Initiator();
  Initiator(Initiator&&) noexcept;
  Initiator& operator=(Initiator&&) noexcept;

  // The first message. Once, first.
  Bytes start();
  // The server's answer. The bytes to send now, empty when there is nothing to send (IK accepted).
  // kAuthentication: the certificate chain, a tag or a key is wrong. kBadRequest: no handshake message.
  // kPayloadTooLarge: more than kMaxHandshakeBytes.
  Result<Bytes> on_server_hello(std::string_view message);

  // After on_server_hello() succeeded:
  Cipher take_cipher();  // once
  // The server's static key, verified (XX, XXfallback) or the one given (IK): to be kept for the next IK.
  const crypto::Key32& server_static() const;
  bool used_ik() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class Responder {
 public:
  struct Options {
    crypto::KeyPair ephemeral;
    crypto::KeyPair static_pair;
    Bytes certificate_chain;  // serialized; the payload of every answer
    bool accept_ik = true;    // false: answers IK with XXfallback, as IK for another key is answered anyway
  };
  explicit Responder(Options options);
  ~Responder();
  Responder(Responder&&) noexcept;
  Responder& operator=(Responder&&) noexcept;

  // The bytes to send. With IK the handshake is then complete: see done(). Errors as in Initiator.
  Result<Bytes> on_client_hello(std::string_view message);
  // XX and XXfallback: the last message.
  Status on_client_finish(std::string_view message);

  bool done() const;
  // After done():
  const crypto::Key32& client_static() const;
  std::string_view client_payload() const;
  Cipher take_cipher();  // once

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace patchbay::noise
