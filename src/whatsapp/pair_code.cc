#include "whatsapp/pair_code.h"

#include <algorithm>

#include "binary/jid.h"
#include "crypto/aes.h"
#include "crypto/kdf.h"
#include "whatsapp/client_payload.h"
#include "whatsapp/key_encoding.h"
#include "whatsapp/stanza.h"

namespace patchbay::whatsapp {
namespace {

using binary::Node;

constexpr std::string_view kAlphabet = "123456789ABCDEFGHJKLMNPQRSTVWXYZ";
constexpr uint32_t kCodeIterations = 131'072;
constexpr size_t kSaltBytes = 32;
constexpr size_t kWrappedBytes = kSaltBytes + crypto::kAesBlockBytes + 32;
constexpr size_t kMaxCodeRefBytes = 1'024;

}  // namespace

std::string encode_pairing_code(std::string_view five_octets) {
  const uint64_t bits = read_big_endian(five_octets);
  std::string out;
  for (int shift = 35; shift >= 0; shift -= 5) out.push_back(kAlphabet[bits >> shift & 31]);
  return out;
}

std::string shown_pairing_code(std::string_view code) {
  return std::string(code.substr(0, 4)).append("-").append(code.substr(4));
}

Result<std::string> pairing_phone(std::string_view text) {
  const bool digits = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || text.size() < 7 || text.size() > 15 || text.front() == '0')
    return fail(
        ErrorCode::kValidation,
        "The phone number must be 7 to 15 digits and begin with the country code, without '+' and zeros.");
  return std::string(text);
}

Bytes derive_code_key(std::string_view code, std::string_view salt) {
  return crypto::pbkdf2_sha256(code, salt, kCodeIterations, crypto::kAesKeyBytes);
}

Bytes wrap_ephemeral(std::string_view code_key, std::string_view salt, std::string_view iv,
                     const crypto::Key32& key) {
  return Bytes(salt).append(iv).append(crypto::aes_256_ctr(code_key, iv, crypto::view(key)));
}

CodePairing make_code_pairing(std::string_view phone, const Randomness& random) {
  CodePairing out;
  out.code = encode_pairing_code(random_octets(random, 5));
  out.phone_jid = std::string(phone).append("@").append(binary::kUserServer);
  out.ephemeral = crypto::key_pair_from_private(*crypto::to_key(random_octets(random, 32)));
  out.salt = random_octets(random, kSaltBytes);
  return out;
}

Node companion_hello(const CodePairing& pairing, std::string_view code_key, const Credentials& credentials,
                     const ClientProfile& profile, const Randomness& random) {
  const Bytes wrapped = wrap_ephemeral(code_key, pairing.salt, random_octets(random, crypto::kAesBlockBytes),
                                       pairing.ephemeral.public_key);
  return query(
      "set", "md",
      {element("link_code_companion_reg",
               {{"jid", pairing.phone_jid},
                {"stage", "companion_hello"},
                {"should_show_push_notification", "true"}},
               {bytes_element("link_code_pairing_wrapped_companion_ephemeral_pub", wrapped),
                bytes_element("companion_server_auth_key_pub", crypto::view(credentials.noise.public_key)),
                bytes_element("companion_platform_id", client_type(profile)),
                bytes_element("companion_platform_display", profile.browser + " (" + profile.os_name + ")"),
                bytes_element("link_code_pairing_nonce", "0")})});
}

Result<std::string> read_pairing_ref(const Node& answer) {
  const Node* const reg = answer.child("link_code_companion_reg");
  const std::string_view ref =
      reg == nullptr ? std::string_view() : reg->child_bytes("link_code_pairing_ref");
  if (ref.empty() || ref.size() > kMaxCodeRefBytes)
    return fail(ErrorCode::kBadRequest,
                "WhatsApp's answer to the request for a pairing code cannot be used.");
  return std::string(ref);
}

Result<PrimaryHello> read_primary_hello(const Node& notification) {
  const Node* const reg = notification.child("link_code_companion_reg");
  if (reg == nullptr) return fail(ErrorCode::kBadRequest, "the phone's answer to the pairing code is empty");
  const auto identity = crypto::to_key(reg->child_bytes("primary_identity_pub"));
  PrimaryHello out{
      .wrapped_ephemeral = Bytes(reg->child_bytes("link_code_pairing_wrapped_primary_ephemeral_pub")),
      .identity = identity.value_or(crypto::Key32{}),
      .ref = std::string(reg->child_bytes("link_code_pairing_ref"))};
  if (!identity || out.wrapped_ephemeral.size() != kWrappedBytes || out.ref.empty() ||
      out.ref.size() > kMaxCodeRefBytes)
    return fail(ErrorCode::kBadRequest, "the phone's answer to the pairing code cannot be read");
  return out;
}

Result<CompanionFinish> companion_finish(const CodePairing& pairing, const PrimaryHello& hello,
                                         std::string_view code_key, const Credentials& credentials,
                                         const Randomness& random) {
  const std::string_view wrapped = hello.wrapped_ephemeral;
  const auto primary = crypto::to_key(crypto::aes_256_ctr(
      code_key, wrapped.substr(kSaltBytes, crypto::kAesBlockBytes), wrapped.substr(kWrappedBytes - 32)));
  const auto shared =
      primary ? crypto::diffie_hellman(pairing.ephemeral.private_key, *primary) : std::nullopt;
  const auto identities = crypto::diffie_hellman(credentials.identity.private_key, hello.identity);
  if (!shared || !identities)
    return fail(ErrorCode::kAuthentication, "The keys that the phone answered the code with are not usable.");

  const Bytes salt = random_octets(random, kSaltBytes);
  const Bytes nonce = random_octets(random, crypto::kGcmNonceBytes);
  const Bytes secret = random_octets(random, 32);
  const Bytes key =
      crypto::hkdf_sha256(crypto::view(*shared), salt, "link_code_pairing_key_bundle_encryption_key", 32);
  const Bytes bundle = Bytes(crypto::view(credentials.identity.public_key))
                           .append(crypto::view(hello.identity))
                           .append(secret);
  const Bytes sealed = Bytes(salt).append(nonce).append(crypto::aes_256_gcm_seal(key, nonce, {}, bundle));

  CompanionFinish out;
  const Bytes input = Bytes(crypto::view(*shared)).append(crypto::view(*identities)).append(secret);
  out.adv_secret = *crypto::to_key(crypto::hkdf_sha256(input, {}, "adv_secret", 32));
  out.query = query(
      "set", "md",
      {element("link_code_companion_reg", {{"jid", pairing.phone_jid}, {"stage", "companion_finish"}},
               {bytes_element("link_code_pairing_wrapped_key_bundle", sealed),
                bytes_element("companion_identity_public", crypto::view(credentials.identity.public_key)),
                bytes_element("link_code_pairing_ref", pairing.ref)})});
  return out;
}

}  // namespace patchbay::whatsapp
