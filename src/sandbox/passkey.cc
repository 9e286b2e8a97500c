#include "sandbox/passkey.h"

#include <boost/json.hpp>

#include "crypto/aes.h"
#include "crypto/digest.h"
#include "crypto/kdf.h"
#include "proto/companion_reg.pb.h"
#include "sandbox/pair_code.h"

namespace patchbay::sandbox {
namespace {

namespace json = boost::json;

constexpr size_t kMaxJsonBytes = 64 * 1024;

std::optional<json::object> parse_object(std::string_view text) {
  if (text.size() > kMaxJsonBytes) return std::nullopt;
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.as_object());
}

std::string_view text_of(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string_view(value->as_string()) : std::string_view();
}

Status wrong(std::string what) {
  return fail(ErrorCode::kBadRequest, "the WebAuthn assertion " + std::move(what));
}

}  // namespace

std::string passkey_request_options(std::string_view challenge, std::string_view credential_id) {
  return json::serialize(json::object{
      {"challenge", base64url_encode(challenge)},
      {"timeout", 600'000},
      {"rpId", kPasskeyRelyingParty},
      {"allowCredentials",
       json::array{json::object{{"type", "public-key"}, {"id", base64url_encode(credential_id)}}}},
      {"userVerification", "required"}});
}

Result<std::string> passkey_assertion(std::string_view options, std::string_view credential_id,
                                      std::string_view signature) {
  const auto request = parse_object(options);
  const std::string_view challenge = request ? text_of(*request, "challenge") : std::string_view();
  if (challenge.empty())
    return fail(ErrorCode::kValidation, "the options of the passkey request are JSON with a 'challenge'");
  const std::string client_data = json::serialize(json::object{{"type", "webauthn.get"},
                                                               {"challenge", challenge},
                                                               {"origin", kPasskeyOrigin},
                                                               {"crossOrigin", false}});
  // User present and verified, counter 1.
  const Bytes authenticator = crypto::sha256(kPasskeyRelyingParty) + Bytes("\x05\x00\x00\x00\x01", 5);
  const std::string id = base64url_encode(credential_id);
  return json::serialize(
      json::object{{"id", id},
                   {"rawId", id},
                   {"type", "public-key"},
                   {"authenticatorAttachment", "cross-platform"},
                   {"clientExtensionResults", json::object{}},
                   {"response", json::object{{"clientDataJSON", base64url_encode(client_data)},
                                             {"authenticatorData", base64url_encode(authenticator)},
                                             {"signature", base64url_encode(signature)},
                                             {"userHandle", nullptr}}}});
}

Status check_passkey_assertion(std::string_view assertion, std::string_view challenge,
                               std::string_view credential_id) {
  const auto outer = parse_object(assertion);
  if (!outer) return wrong("is no JSON object");
  if (text_of(*outer, "type") != "public-key") return wrong("is not of type public-key");
  if (base64url_decode(text_of(*outer, "rawId")) != Bytes(credential_id))
    return wrong("names another credential than the one that was asked for");
  const json::value* const response = outer->if_contains("response");
  if (response == nullptr || !response->is_object()) return wrong("has no response");
  const auto encoded = base64url_decode(text_of(response->as_object(), "clientDataJSON"));
  const auto client_data = encoded ? parse_object(*encoded) : std::nullopt;
  if (!client_data) return wrong("has no clientDataJSON in base64url");
  if (text_of(*client_data, "type") != "webauthn.get") return wrong("is not of type webauthn.get");
  if (base64url_decode(text_of(*client_data, "challenge")) != Bytes(challenge))
    return wrong("answers another challenge");
  if (text_of(*client_data, "origin") != kPasskeyOrigin)
    return wrong("was made on another origin than " + std::string(kPasskeyOrigin));
  for (const std::string_view field : {"authenticatorData", "signature"}) {
    const auto bytes = base64url_decode(text_of(response->as_object(), field));
    if (!bytes || bytes->empty()) return wrong("has no " + std::string(field) + " in base64url");
  }
  return {};
}

Result<PasskeyPrologue> parse_passkey_prologue(std::string_view payload, std::string_view ref) {
  proto::ProloguePayload outer;
  proto::CompanionEphemeralIdentity identity;
  if (!outer.ParseFromString(std::string(payload)) ||
      !identity.ParseFromString(outer.companion_ephemeral_identity()))
    return fail(ErrorCode::kBadRequest, "the prologue is no ProloguePayload");
  const auto key = crypto::to_key(identity.public_key());
  if (!key) return fail(ErrorCode::kBadRequest, "the prologue's public key has not 32 bytes");
  if (outer.commitment().hash().size() != 32)
    return fail(ErrorCode::kBadRequest, "the prologue's commitment has not 32 bytes");
  if (identity.ref() != ref) return fail(ErrorCode::kBadRequest, "the prologue names another ref");
  return PasskeyPrologue{.public_key = *key,
                         .device_type = static_cast<uint32_t>(identity.device_type()),
                         .ephemeral_identity = outer.companion_ephemeral_identity(),
                         .commitment = outer.commitment().hash()};
}

bool check_handoff_proof(std::string_view payload, std::string_view proof, std::string_view adv_secret) {
  const Bytes key = crypto::hkdf_sha256(adv_secret, "", "shortcake-passkey-handoff-v1", 32);
  return equals_constant_time(crypto::hmac_sha256(key, payload), proof);
}

bool opens_commitment(const PasskeyPrologue& prologue, std::string_view nonce) {
  return nonce.size() == 32 &&
         crypto::sha256(prologue.ephemeral_identity + Bytes(nonce)) == prologue.commitment;
}

Bytes primary_ephemeral_identity(const crypto::Key32& public_key, std::string_view nonce) {
  proto::PrimaryEphemeralIdentity identity;
  identity.set_public_key(Bytes(crypto::view(public_key)));
  identity.set_nonce(Bytes(nonce));
  return identity.SerializeAsString();
}

std::string passkey_verification_code(std::string_view primary_nonce, std::string_view companion_nonce,
                                      const crypto::Key32& primary_public) {
  const Bytes digest = crypto::sha256(Bytes(companion_nonce) + Bytes(crypto::view(primary_public)));
  uint64_t bits = 0;
  for (size_t i = 0; i < 5; ++i) bits = bits << 8 | static_cast<uint8_t>(primary_nonce[i] ^ digest[i]);
  std::string code;
  for (int shift = 35; shift >= 0; shift -= 5) {
    code += kPairCodeAlphabet[bits >> shift & 31];
    if (shift == 20) code += '-';
  }
  return code;
}

Result<PasskeyPairing> open_pairing_request(std::string_view request, const PasskeyPrologue& prologue,
                                            std::string_view ref, const crypto::KeyPair& primary_ephemeral) {
  proto::EncryptedPairingRequest sealed;
  if (!sealed.ParseFromString(std::string(request)) || sealed.iv().size() != crypto::kGcmNonceBytes)
    return fail(ErrorCode::kBadRequest,
                "the pairing request is no EncryptedPairingRequest with an IV of 12 bytes");
  const auto shared = crypto::diffie_hellman(primary_ephemeral.private_key, prologue.public_key);
  if (!shared)
    return fail(ErrorCode::kAuthentication, "the companion's ephemeral key is a point of small order");
  const std::string salt =
      "Companion Pairing " + std::to_string(prologue.device_type) + " with ref " + std::string(ref);
  const Bytes key =
      crypto::hkdf_sha256(crypto::view(*shared), salt, "Pairing Information Encryption Key", 32);
  const auto opened = crypto::aes_256_gcm_open(key, sealed.iv(), "", sealed.encrypted_payload());
  if (!opened) return fail(ErrorCode::kAuthentication, "the pairing request cannot be opened");
  proto::PairingRequest inner;
  if (!inner.ParseFromString(*opened))
    return fail(ErrorCode::kBadRequest, "there is no PairingRequest inside");
  const auto noise = crypto::to_key(inner.companion_public_key());
  const auto identity = crypto::to_key(inner.companion_identity_key());
  if (!noise || !identity || inner.adv_secret().size() != 32)
    return fail(ErrorCode::kBadRequest, "a key in the PairingRequest has not 32 bytes");
  return PasskeyPairing{.noise = *noise, .identity = *identity, .adv_secret = inner.adv_secret()};
}

}  // namespace patchbay::sandbox
