#include "noise/certificate.h"

#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "crypto/xeddsa.h"
#include "proto/handshake.pb.h"

namespace patchbay::noise {
namespace {

using crypto::KeyPair;
using proto::CertChain;
using Details = CertChain::NoiseCertificate::Details;
using std::chrono::seconds;

const WallTime kCheckedAt = from_unix_ms(1'700'000'000'000);
constexpr seconds kDay{86'400};

// A chain whose parts a test may spoil before they are signed, and after.
struct Authority {
  KeyPair root = crypto::make_key_pair();
  KeyPair intermediate = crypto::make_key_pair();
  KeyPair leaf_signer = intermediate;
  KeyPair server = crypto::make_key_pair();
  Details intermediate_details;
  Details leaf_details;
  std::function<void(CertChain&)> spoil = [](CertChain&) {};

  Authority() {
    const auto fill = [](Details& details, uint32_t serial, uint32_t issuer, const crypto::Key32& key) {
      details.set_serial(serial);
      details.set_issuer_serial(issuer);
      details.set_key(std::string(crypto::view(key)));
      details.set_not_before(static_cast<uint64_t>(to_unix_ms(kCheckedAt - kDay) / 1'000));
      details.set_not_after(static_cast<uint64_t>(to_unix_ms(kCheckedAt + kDay) / 1'000));
    };
    fill(intermediate_details, 7, 0, intermediate.public_key);
    fill(leaf_details, 8, 7, server.public_key);
  }

  static void sign(CertChain::NoiseCertificate& certificate, const KeyPair& issuer, const Bytes& details) {
    certificate.set_details(details);
    certificate.set_signature(std::string(crypto::view(crypto::xeddsa_sign(issuer.private_key, details))));
  }

  Bytes chain() const {
    CertChain chain;
    sign(*chain.mutable_intermediate(), root, intermediate_details.SerializeAsString());
    sign(*chain.mutable_leaf(), leaf_signer, leaf_details.SerializeAsString());
    spoil(chain);
    return chain.SerializeAsString();
  }
};

// "" when the chain is accepted, else why not.
std::string verdict(const Authority& authority, const Bytes& chain, WallTime now = kCheckedAt) {
  const Status status =
      verify_certificate_chain(chain, authority.server.public_key, authority.root.public_key, now);
  if (status) return "";
  EXPECT_EQ(status.error().code, ErrorCode::kAuthentication);
  EXPECT_TRUE(
      status.error().message.starts_with("The server did not prove that it is who it claims to be: "));
  return status.error().message.substr(status.error().message.find(": ") + 2);
}
std::string verdict(const Authority& authority, WallTime now = kCheckedAt) {
  return verdict(authority, authority.chain(), now);
}

TEST(CertificateChain, IsAcceptedWhenAllOfItIsRight) {
  EXPECT_EQ(verdict(Authority()), "");
}

TEST(CertificateChain, TheBuiltInRootIsWhatsApps) {
  EXPECT_EQ(to_hex(crypto::view(kWhatsAppRoot)),
            "142375574d0a587166aae71ebe516437c4a28b73e3695c6ce1f7f9545da8ee6b");
}

TEST(CertificateChain, MustComeFromTheRoot) {
  Authority authority;
  const Bytes chain = authority.chain();
  authority.root = crypto::make_key_pair();
  EXPECT_EQ(verdict(authority, chain), "the intermediate certificate is not signed by the trusted root.");

  authority = Authority();
  authority.spoil = [](CertChain& c) { c.mutable_intermediate()->mutable_details()->back() ^= 1; };
  EXPECT_EQ(verdict(authority), "the intermediate certificate is not signed by the trusted root.");
  authority.spoil = [](CertChain& c) { c.mutable_intermediate()->mutable_signature()->pop_back(); };
  EXPECT_EQ(verdict(authority), "the intermediate certificate is not signed by the trusted root.");
  authority.spoil = [](CertChain& c) { c.mutable_intermediate()->clear_signature(); };
  EXPECT_EQ(verdict(authority), "the intermediate certificate is not signed by the trusted root.");
}

TEST(CertificateChain, TheLeafMustBeSignedByTheIntermediate) {
  Authority authority;
  authority.leaf_signer = crypto::make_key_pair();
  EXPECT_EQ(verdict(authority), "the leaf certificate is not signed by the intermediate one.");
  authority.leaf_signer = authority.root;
  EXPECT_EQ(verdict(authority), "the leaf certificate is not signed by the intermediate one.");

  authority = Authority();
  authority.spoil = [](CertChain& c) { (*c.mutable_leaf()->mutable_signature())[0] ^= 1; };
  EXPECT_EQ(verdict(authority), "the leaf certificate is not signed by the intermediate one.");
  authority.spoil = [](CertChain& c) { c.mutable_leaf()->mutable_details()->back() ^= 1; };
  EXPECT_EQ(verdict(authority), "the leaf certificate is not signed by the intermediate one.");
  authority.spoil = [](CertChain& c) { *c.mutable_leaf() = c.intermediate(); };
  EXPECT_EQ(verdict(authority), "the leaf certificate is not signed by the intermediate one.");
}

TEST(CertificateChain, IssuersMustBeNamedRightly) {
  Authority authority;
  authority.intermediate_details.set_issuer_serial(1);
  EXPECT_EQ(verdict(authority), "the intermediate certificate names another issuer than the root.");

  authority = Authority();
  authority.leaf_details.set_issuer_serial(6);
  EXPECT_EQ(verdict(authority), "the leaf certificate names another issuer than the intermediate one.");
  authority.leaf_details.clear_issuer_serial();
  EXPECT_EQ(verdict(authority), "the leaf certificate names another issuer than the intermediate one.");
}

TEST(CertificateChain, TheLeafMustBeForTheServersKey) {
  Authority authority;
  const Bytes chain = authority.chain();
  authority.server = crypto::make_key_pair();
  EXPECT_EQ(verdict(authority, chain), "the leaf certificate is for another key.");

  authority = Authority();
  authority.leaf_details.clear_key();
  EXPECT_EQ(verdict(authority), "the leaf certificate is for another key.");
  authority = Authority();
  authority.leaf_details.mutable_key()->push_back('x');
  EXPECT_EQ(verdict(authority), "the leaf certificate is for another key.");
}

TEST(CertificateChain, BothCertificatesMustBeValidNow) {
  const Authority authority;
  EXPECT_EQ(verdict(authority, kCheckedAt - kDay), "");
  EXPECT_EQ(verdict(authority, kCheckedAt + kDay + Milliseconds(999)), "");
  EXPECT_EQ(verdict(authority, kCheckedAt - kDay - Milliseconds(1)),
            "the intermediate certificate is not valid yet (is this machine's clock right?).");
  EXPECT_EQ(verdict(authority, kCheckedAt + kDay + seconds(1)),
            "the intermediate certificate has expired (is this machine's clock right?).");
  EXPECT_EQ(verdict(authority, from_unix_ms(-5)),
            "the intermediate certificate is not valid yet (is this machine's clock right?).");

  Authority narrow;
  narrow.leaf_details.set_not_before(static_cast<uint64_t>(to_unix_ms(kCheckedAt) / 1'000));
  narrow.leaf_details.set_not_after(static_cast<uint64_t>(to_unix_ms(kCheckedAt) / 1'000));
  EXPECT_EQ(verdict(narrow), "");
  EXPECT_EQ(verdict(narrow, kCheckedAt - seconds(1)),
            "the leaf certificate is not valid yet (is this machine's clock right?).");
  EXPECT_EQ(verdict(narrow, kCheckedAt + seconds(1)),
            "the leaf certificate has expired (is this machine's clock right?).");

  Authority undated;
  undated.leaf_details.clear_not_after();
  EXPECT_EQ(verdict(undated), "the leaf certificate has expired (is this machine's clock right?).");
}

TEST(CertificateChain, TheIntermediateMustHoldAKey) {
  Authority authority;
  authority.intermediate_details.clear_key();
  EXPECT_EQ(verdict(authority), "the intermediate certificate holds no key.");
}

TEST(CertificateChain, GarbageIsRefused) {
  Authority authority;
  for (const Bytes& chain : {Bytes(), Bytes("garbage"), Bytes(100, '\xff'), authority.chain().substr(1)})
    EXPECT_EQ(verdict(authority, chain), "its certificate chain cannot be read.");
  EXPECT_EQ(verdict(authority, Bytes(kMaxCertificateChainBytes + 1, '\0')),
            "its certificate chain is too long.");

  authority.spoil = [](CertChain& c) { c.clear_leaf(); };
  EXPECT_EQ(verdict(authority), "its certificate chain cannot be read.");
  authority.spoil = [](CertChain& c) { c.clear_intermediate(); };
  EXPECT_EQ(verdict(authority), "its certificate chain cannot be read.");

  // Signed, but no details.
  authority.spoil = [&](CertChain& c) {
    Authority::sign(*c.mutable_intermediate(), authority.root, "garbage");
  };
  EXPECT_EQ(verdict(authority), "the intermediate certificate cannot be read.");
  authority.spoil = [&](CertChain& c) {
    Authority::sign(*c.mutable_leaf(), authority.intermediate, "garbage");
  };
  EXPECT_EQ(verdict(authority), "the leaf certificate cannot be read.");
}

TEST(CertificateChain, NoCutChainIsAccepted) {
  const Authority authority;
  const Bytes chain = authority.chain();
  for (size_t length = 0; length < chain.size(); ++length)
    EXPECT_NE(verdict(authority, chain.substr(0, length)), "") << length;
}

TEST(CertificateChain, AChainOfOnesOwnIsAccepted) {
  const Authority authority;
  const Bytes chain =
      issue_certificate_chain(authority.root, authority.intermediate, authority.server.public_key,
                              {.intermediate_serial = 3,
                               .leaf_serial = 9,
                               .not_before = kCheckedAt - kDay,
                               .not_after = kCheckedAt + kDay});
  EXPECT_EQ(verdict(authority, chain), "");
  EXPECT_EQ(verdict(authority, chain, kCheckedAt - kDay - seconds(1)),
            "the intermediate certificate is not valid yet (is this machine's clock right?).");
  CertChain parsed;
  ASSERT_TRUE(parsed.ParseFromString(chain));
  Details leaf;
  ASSERT_TRUE(leaf.ParseFromString(parsed.leaf().details()));
  EXPECT_EQ(leaf.serial(), 9u);
  EXPECT_EQ(leaf.issuer_serial(), 3u);
}

}  // namespace
}  // namespace patchbay::noise
