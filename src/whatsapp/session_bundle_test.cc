#include "whatsapp/session_bundle.h"

#include <gtest/gtest.h>

#include "proto/adv.pb.h"

namespace patchbay::whatsapp {
namespace {

constexpr std::string_view kPassphrase = "correct horse battery";

Credentials linked() {
  Credentials it = make_credentials();
  it.jid = "15551234567:12@s.whatsapp.net";
  it.lid = "99887766:12@lid";
  it.push_name = "Anna";
  proto::ADVSignedDeviceIdentity account;
  account.set_details("details");
  account.set_account_signature_key(std::string(32, 'k'));
  account.set_account_signature(std::string(64, 's'));
  account.set_device_signature(std::string(64, 'd'));
  it.account = account.SerializeAsString();
  return it;
}

const BundleHeader kHeader{.instance_id = "i1",
                           .instance_name = "shop",
                           .jid = "",
                           .phone = "",
                           .created_at = WallTime(Milliseconds(1'700'000'000'123))};

Bytes bundle_of(const Credentials& credentials) {
  auto bundle = seal_bundle(kHeader, credentials, kPassphrase);
  EXPECT_TRUE(bundle) << bundle.error().message;
  return bundle.value_or("");
}

void expect_refused(const auto& result, std::string_view words) {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kValidation);
  EXPECT_NE(result.error().message.find(words), std::string::npos) << result.error().message;
}

TEST(SessionBundle, CarriesAnAccountWhole) {
  const Credentials before = linked();
  const auto opened = open_bundle(bundle_of(before), kPassphrase);
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(serialize(opened->credentials), serialize(before));
  EXPECT_EQ(opened->header.instance_id, "i1");
  EXPECT_EQ(opened->header.instance_name, "shop");
  EXPECT_EQ(opened->header.jid, before.jid);
  EXPECT_EQ(opened->header.phone, "15551234567");
  EXPECT_EQ(opened->header.created_at, kHeader.created_at);
}

TEST(SessionBundle, SaysWhoseItIsWithoutThePassphraseAndShowsNoSecret) {
  const Credentials credentials = linked();
  const Bytes bundle = bundle_of(credentials);
  const auto header = read_bundle_header(bundle);
  ASSERT_TRUE(header) << header.error().message;
  EXPECT_EQ(header->phone, "15551234567");
  for (const crypto::Key32& secret : {credentials.identity.private_key, credentials.noise.private_key,
                                      credentials.signed_prekey.pair.private_key, credentials.adv_secret})
    EXPECT_EQ(bundle.find(crypto::view(secret)), Bytes::npos);
}

TEST(SessionBundle, AnyChangedOctetIsNoticedBeforeThePassphraseIsTried) {
  const Bytes bundle = bundle_of(linked());
  for (size_t i = 0; i < bundle.size(); ++i) {
    Bytes changed = bundle;
    changed[i] = static_cast<char>(changed[i] ^ 0x20);
    EXPECT_FALSE(read_bundle_header(changed)) << "octet " << i;
  }
  for (size_t size = 0; size < bundle.size(); size += 7)
    EXPECT_FALSE(read_bundle_header(bundle.substr(0, size)));
  EXPECT_FALSE(read_bundle_header(bundle + "x"));
}

TEST(SessionBundle, TheWrongPassphraseOpensNothing) {
  expect_refused(open_bundle(bundle_of(linked()), "correct horse batterz"), "passphrase");
  expect_refused(open_bundle(bundle_of(linked()), ""), "passphrase");
}

// Who has another device's key can sign whatever they like: the keys inside must be those that signed.
TEST(SessionBundle, KeysOfOneAccountUnderTheHeaderOfAnotherAreRefused) {
  const Credentials mine = linked();
  Credentials mixed = linked();
  const Bytes good = bundle_of(mine);
  mixed.jid = "19998887777:3@s.whatsapp.net";
  const Bytes other = bundle_of(mixed);
  // The other's header and signature key, around the first one's sealed octets.
  const size_t other_header =
      17 + 4 + static_cast<uint8_t>(other[19]) * 256u + static_cast<uint8_t>(other[20]);
  const size_t good_header = 17 + 4 + static_cast<uint8_t>(good[19]) * 256u + static_cast<uint8_t>(good[20]);
  Bytes forged = other.substr(0, other_header) + good.substr(good_header, good.size() - good_header - 64);
  forged += crypto::view(crypto::xeddsa_sign(mixed.identity.private_key, forged));
  ASSERT_TRUE(read_bundle_header(forged));
  expect_refused(open_bundle(forged, kPassphrase), "passphrase");
}

TEST(SessionBundle, OtherFilesAndOtherVersionsAreNamedAsSuch) {
  expect_refused(read_bundle_header(""), "no bundle");
  expect_refused(read_bundle_header("PNG and so on"), "no bundle");
  Bytes newer = bundle_of(linked());
  newer[16] = 2;
  expect_refused(read_bundle_header(newer), "another version");
}

TEST(SessionBundle, OnlyALinkedAccountTravelsAndOnlyUnderAPassphraseWorthTheName) {
  expect_refused(seal_bundle(kHeader, make_credentials(), kPassphrase), "not linked");
  expect_refused(seal_bundle(kHeader, linked(), "short"), "12 to 1024 bytes");
  expect_refused(seal_bundle(kHeader, linked(), std::string(2'000, 'x')), "12 to 1024 bytes");
}

}  // namespace
}  // namespace patchbay::whatsapp
