#include "whatsapp/pair_passkey.h"

#include <boost/json.hpp>

#include "crypto/aes.h"
#include "crypto/digest.h"
#include "crypto/kdf.h"
#include "proto/companion_reg.pb.h"
#include "whatsapp/client_payload.h"
#include "whatsapp/pair_code.h"
#include "whatsapp/stanza.h"

namespace patchbay::whatsapp {
namespace {

using binary::Node;
namespace json = boost::json;

constexpr size_t kMaxPasskeyRefBytes = 1'024;
constexpr size_t kMaxCredentialIdBytes = 1'023;  // WebAuthn Level 2, §4

json::value parse_object(std::string_view text, boost::system::error_code& error) {
  json::value value = json::parse(text, error);
  if (!error && !value.is_object()) error = json::make_error_code(json::error::not_object);
  return value;
}

std::string_view text_in(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  const json::string* const text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string_view() : std::string_view(*text);
}

}  // namespace

Result<std::string> read_passkey_options(const Node& notification) {
  const std::string_view text = notification.child_bytes("passkey_request_options");
  boost::system::error_code error;
  if (text.empty() || text.size() > kMaxPasskeyOptionsBytes || (parse_object(text, error), error))
    return fail(ErrorCode::kBadRequest, "WhatsApp asks for a passkey in a form that cannot be read.");
  return std::string(text);
}

Result<Assertion> parse_assertion(std::string_view text) {
  if (text.size() > kMaxAssertionBytes)
    return fail(ErrorCode::kValidation, "The passkey's answer is longer than 65,536 bytes.");
  boost::system::error_code error;
  const json::value value = parse_object(text, error);
  if (error) return fail(ErrorCode::kValidation, "The passkey's answer must be a JSON object.");
  const json::object& object = value.get_object();
  const std::string_view raw_id = text_in(object, "rawId");
  auto id = base64url_decode(raw_id.empty() ? text_in(object, "id") : raw_id);
  if (!id || id->empty() || id->size() > kMaxCredentialIdBytes)
    return fail(ErrorCode::kValidation,
                "The passkey's answer lacks \"rawId\", the credential's id in base64url.");
  const json::value* const response = object.if_contains("response");
  const json::object* const parts = response == nullptr ? nullptr : response->if_object();
  for (const std::string_view part : {"clientDataJSON", "authenticatorData", "signature"})
    if (parts == nullptr || text_in(*parts, part).empty())
      return fail(ErrorCode::kValidation,
                  "The passkey's answer lacks \"response." + std::string(part) +
                      "\": it must be what navigator.credentials.get() gave, as JSON.");
  return Assertion{.credential_id = std::move(*id), .json = std::string(text)};
}

PasskeyPairing begin_passkey(Credentials& credentials, const ClientProfile& profile,
                             const Randomness& random) {
  PasskeyPairing out;
  out.handoff_key =
      crypto::hkdf_sha256(crypto::view(credentials.adv_secret), {}, "shortcake-passkey-handoff-v1", 32);
  out.ephemeral = crypto::key_pair_from_private(*crypto::to_key(random_octets(random, 32)));
  out.nonce = random_octets(random, 32);
  out.device_type = platform_type(profile);
  random(credentials.adv_secret);
  return out;
}

Node passkey_ref_query() {
  return query("get", "md", {element("ref")});
}

Result<std::string> read_passkey_ref(const Node& answer) {
  const std::string_view ref = answer.child_bytes("ref");
  if (ref.empty() || ref.size() > kMaxPasskeyRefBytes || !is_valid_utf8(ref))
    return fail(ErrorCode::kBadRequest, "WhatsApp gave no reference for the passkey.");
  return std::string(ref);
}

Node passkey_prologue(const PasskeyPairing& pairing, const Assertion& assertion) {
  proto::CompanionEphemeralIdentity identity;
  identity.set_public_key(Bytes(crypto::view(pairing.ephemeral.public_key)));
  identity.set_device_type(static_cast<proto::DeviceProps::PlatformType>(pairing.device_type));
  identity.set_ref(pairing.ref);
  proto::ProloguePayload prologue;
  prologue.set_companion_ephemeral_identity(identity.SerializeAsString());
  prologue.mutable_commitment()->set_hash(
      crypto::sha256(prologue.companion_ephemeral_identity() + pairing.nonce));
  const Bytes payload = prologue.SerializeAsString();
  return query(
      "set", "md",
      {element(
          "passkey_prologue", {},
          {bytes_element("credential_id", assertion.credential_id),
           bytes_element("webauthn_assertion", assertion.json), bytes_element("prologue_payload", payload),
           bytes_element("pairing_handoff_proof", crypto::hmac_sha256(pairing.handoff_key, payload))})});
}

Result<std::string> continue_passkey(PasskeyPairing& pairing, const Node& notification) {
  const std::string_view bytes = notification.child_bytes("primary_ephemeral_identity");
  proto::PrimaryEphemeralIdentity primary;
  if (bytes.empty() || bytes.size() > 1'024 ||
      !primary.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || primary.nonce().size() != 32)
    return fail(ErrorCode::kBadRequest, "The phone's answer to the passkey cannot be read.");
  const auto key = crypto::to_key(primary.public_key());
  const auto shared = key ? crypto::diffie_hellman(pairing.ephemeral.private_key, *key) : std::nullopt;
  if (!shared)
    return fail(ErrorCode::kAuthentication,
                "The key that the phone answered the passkey with is not usable.");
  pairing.encryption_key = crypto::hkdf_sha256(
      crypto::view(*shared),
      "Companion Pairing " + std::to_string(pairing.device_type) + " with ref " + pairing.ref,
      "Pairing Information Encryption Key", 32);
  const Bytes digest = crypto::sha256(pairing.nonce + primary.public_key());
  Bytes code = primary.nonce().substr(0, 5);
  for (size_t i = 0; i < code.size(); ++i) code[i] = static_cast<char>(code[i] ^ digest[i]);
  return shown_pairing_code(encode_pairing_code(code));
}

Node companion_nonce_query(const PasskeyPairing& pairing) {
  return query("set", "md", {bytes_element("companion_nonce", pairing.nonce)});
}

Node pairing_request_query(const PasskeyPairing& pairing, const Credentials& credentials,
                           const Randomness& random) {
  proto::PairingRequest request;
  request.set_companion_public_key(Bytes(crypto::view(credentials.noise.public_key)));
  request.set_companion_identity_key(Bytes(crypto::view(credentials.identity.public_key)));
  request.set_adv_secret(Bytes(crypto::view(credentials.adv_secret)));
  const Bytes iv = random_octets(random, crypto::kGcmNonceBytes);
  proto::EncryptedPairingRequest sealed;
  sealed.set_encrypted_payload(
      crypto::aes_256_gcm_seal(pairing.encryption_key, iv, {}, request.SerializeAsString()));
  sealed.set_iv(iv);
  return query("set", "md", {bytes_element("encrypted_pairing_request", sealed.SerializeAsString())});
}

}  // namespace patchbay::whatsapp
