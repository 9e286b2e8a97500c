#include "noise/certificate.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

#include "crypto/xeddsa.h"
#include "proto/handshake.pb.h"

namespace patchbay::noise {
namespace {

using Certificate = proto::CertChain::NoiseCertificate;
using Details = Certificate::Details;

std::unexpected<Error> refuse(std::string_view why) {
  return fail(ErrorCode::kAuthentication,
              "The server did not prove that it is who it claims to be: " + std::string(why) + ".");
}

uint64_t unix_seconds(WallTime time) {
  const int64_t seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
  return static_cast<uint64_t>(std::max<int64_t>(seconds, 0));
}

Status check_validity(const Details& details, uint64_t now, const std::string& which) {
  if (now < details.not_before()) return refuse(which + " is not valid yet (is this machine's clock right?)");
  if (now > details.not_after()) return refuse(which + " has expired (is this machine's clock right?)");
  return {};
}

Certificate sign(const crypto::KeyPair& issuer, const Details& details) {
  Certificate certificate;
  certificate.set_details(details.SerializeAsString());
  const crypto::Signature signature = crypto::xeddsa_sign(issuer.private_key, certificate.details());
  certificate.set_signature(std::string(crypto::view(signature)));
  return certificate;
}

}  // namespace

const crypto::Key32 kWhatsAppRoot = {0x14, 0x23, 0x75, 0x57, 0x4d, 0x0a, 0x58, 0x71, 0x66, 0xaa, 0xe7,
                                     0x1e, 0xbe, 0x51, 0x64, 0x37, 0xc4, 0xa2, 0x8b, 0x73, 0xe3, 0x69,
                                     0x5c, 0x6c, 0xe1, 0xf7, 0xf9, 0x54, 0x5d, 0xa8, 0xee, 0x6b};

Status verify_certificate_chain(std::string_view chain, const crypto::Key32& server_static,
                                const crypto::Key32& root, WallTime now) {
  if (chain.size() > kMaxCertificateChainBytes) return refuse("its certificate chain is too long");
  proto::CertChain parsed;
  if (!parsed.ParseFromArray(chain.data(), static_cast<int>(chain.size())) || !parsed.has_intermediate() ||
      !parsed.has_leaf())
    return refuse("its certificate chain cannot be read");

  // Nothing of a certificate is looked at before its signature is known to be right.
  const Certificate& intermediate = parsed.intermediate();
  if (!crypto::xeddsa_verify(root, intermediate.details(), intermediate.signature()))
    return refuse("the intermediate certificate is not signed by the trusted root");
  Details intermediate_details;
  if (!intermediate_details.ParseFromString(intermediate.details()))
    return refuse("the intermediate certificate cannot be read");
  if (intermediate_details.issuer_serial() != kRootSerial)
    return refuse("the intermediate certificate names another issuer than the root");
  const std::optional<crypto::Key32> intermediate_key = crypto::to_key(intermediate_details.key());
  if (!intermediate_key) return refuse("the intermediate certificate holds no key");

  const Certificate& leaf = parsed.leaf();
  if (!crypto::xeddsa_verify(*intermediate_key, leaf.details(), leaf.signature()))
    return refuse("the leaf certificate is not signed by the intermediate one");
  Details leaf_details;
  if (!leaf_details.ParseFromString(leaf.details())) return refuse("the leaf certificate cannot be read");
  if (leaf_details.issuer_serial() != intermediate_details.serial())
    return refuse("the leaf certificate names another issuer than the intermediate one");
  if (leaf_details.key() != crypto::view(server_static))
    return refuse("the leaf certificate is for another key");

  const uint64_t seconds = unix_seconds(now);
  PB_TRY(check_validity(intermediate_details, seconds, "the intermediate certificate"));
  return check_validity(leaf_details, seconds, "the leaf certificate");
}

Bytes issue_certificate_chain(const crypto::KeyPair& root, const crypto::KeyPair& intermediate,
                              const crypto::Key32& server_static, const CertificateOptions& options) {
  Details details;
  details.set_serial(options.intermediate_serial);
  details.set_issuer_serial(kRootSerial);
  details.set_key(std::string(crypto::view(intermediate.public_key)));
  details.set_not_before(unix_seconds(options.not_before));
  details.set_not_after(unix_seconds(options.not_after));
  proto::CertChain chain;
  *chain.mutable_intermediate() = sign(root, details);

  details.set_serial(options.leaf_serial);
  details.set_issuer_serial(options.intermediate_serial);
  details.set_key(std::string(crypto::view(server_static)));
  *chain.mutable_leaf() = sign(intermediate, details);
  return chain.SerializeAsString();
}

}  // namespace patchbay::noise
