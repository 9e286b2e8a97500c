// deps: proto noise
// Certificate chains: arbitrary bytes; arbitrary details under good signatures, which are accepted only when
// all six checks hold; and a good chain that was changed, which is accepted only when it still says the same.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <string>
#include <utility>

#include "crypto/xeddsa.h"
#include "noise/certificate.h"
#include "proto/handshake.pb.h"

namespace {

using namespace patchbay;
using Certificate = proto::CertChain::NoiseCertificate;
using Details = Certificate::Details;

constexpr uint64_t kNow = 1'700'000'000;

void check(bool holds, std::source_location where = std::source_location::current()) {
  if (holds) return;
  std::fprintf(stderr, "the check in line %u does not hold\n", where.line());
  std::abort();
}

crypto::KeyPair fixed_pair(uint8_t octet) {
  crypto::Key32 key;
  key.fill(octet);
  return crypto::key_pair_from_private(key);
}

const crypto::KeyPair kRoot = fixed_pair(1);
const crypto::KeyPair kIntermediate = fixed_pair(2);
const crypto::KeyPair kServer = fixed_pair(3);

bool accepted(std::string_view chain) {
  const Status status = noise::verify_certificate_chain(chain, kServer.public_key, kRoot.public_key,
                                                        from_unix_ms(static_cast<int64_t>(kNow) * 1'000));
  check(status || (status.error().code == ErrorCode::kAuthentication && status.error().message.size() < 200));
  return status.has_value();
}

const Bytes& good_chain() {
  static const Bytes chain = noise::issue_certificate_chain(
      kRoot, kIntermediate, kServer.public_key,
      {.not_before = from_unix_ms(0), .not_after = from_unix_ms(4'000'000'000'000)});
  return chain;
}

void sign(Certificate& certificate, const crypto::KeyPair& issuer, std::string details) {
  certificate.set_signature(std::string(crypto::view(crypto::xeddsa_sign(issuer.private_key, details))));
  certificate.set_details(std::move(details));
}

bool is_valid(const Details& details, uint32_t issuer) {
  return details.issuer_serial() == issuer && details.not_before() <= kNow && kNow <= details.not_after();
}

void signed_details(std::string_view intermediate, std::string_view leaf) {
  proto::CertChain chain;
  sign(*chain.mutable_intermediate(), kRoot, std::string(intermediate));
  sign(*chain.mutable_leaf(), kIntermediate, std::string(leaf));
  Details upper;
  Details lower;
  const bool right = upper.ParseFromString(std::string(intermediate)) &&
                     lower.ParseFromString(std::string(leaf)) && is_valid(upper, noise::kRootSerial) &&
                     is_valid(lower, upper.serial()) &&
                     upper.key() == crypto::view(kIntermediate.public_key) &&
                     lower.key() == crypto::view(kServer.public_key);
  check(accepted(chain.SerializeAsString()) == right);
}

void changed_chain(std::string_view change) {
  Bytes chain = good_chain();
  for (size_t i = 0; i < change.size() && i < chain.size(); ++i)
    chain[i] = static_cast<char>(chain[i] ^ change[i]);
  if (!accepted(chain)) return;
  proto::CertChain before;
  proto::CertChain after;
  check(before.ParseFromString(good_chain()) && after.ParseFromString(chain));
  check(before.leaf().details() == after.leaf().details() &&
        before.intermediate().details() == after.intermediate().details());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  switch (data[0] % 3) {
    case 0:
      accepted(input);
      break;
    case 1: {
      const size_t at = std::min<size_t>(data[1], input.size());
      signed_details(input.substr(0, at), input.substr(at));
      break;
    }
    default:
      check(accepted(good_chain()));
      changed_chain(input);
  }
  return 0;
}
