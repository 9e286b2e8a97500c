#include "whatsapp/pair_success.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/digest.h"
#include "whatsapp/session_test_support.h"
#include "whatsapp/test_vectors.h"

namespace patchbay::whatsapp {
namespace {

using binary::Node;
using test::Phone;

Credentials with_secret(std::string_view secret) {
  Credentials out = make_credentials();
  out.adv_secret = *crypto::to_key(secret);
  return out;
}

void expect_refused(const PairOutcome& outcome, PairFault fault, std::string_view code,
                    std::string_view text) {
  EXPECT_EQ(outcome.fault, fault);
  EXPECT_FALSE(outcome.text.empty());
  ASSERT_TRUE(outcome.reply);
  EXPECT_EQ(outcome.reply->attribute("type"), "error");
  EXPECT_EQ(outcome.reply->attribute("id"), "pair-1");
  const Node* const error = outcome.reply->child("error");
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(error->attribute("code"), code);
  EXPECT_EQ(error->attribute("text"), text);
}

TEST(PairSuccess, AcceptsAnIdentityThatAnotherImplementationMade) {
  const test::Vectors vectors("adv");
  Credentials it = with_secret(vectors.bytes("advSecret"));
  it.identity = crypto::key_pair_from_private(*crypto::to_key(vectors.bytes("companionIdentityPriv")));
  ASSERT_EQ(crypto::view(it.identity.public_key), vectors.bytes("companionIdentityPub"));
  const PairOutcome outcome = accept_pair_success(Phone::pair_success(vectors.bytes("deviceIdentity")), it);
  ASSERT_EQ(outcome.fault, PairFault::kNone) << outcome.text;
  EXPECT_EQ(outcome.reply->child("pair-device-sign")->child("device-identity")->attribute("key-index"), "3");
}

TEST(PairSuccess, KeepsTheAccountAndSignsInReturn) {
  const Phone phone;
  Credentials it = make_credentials();
  const PairOutcome outcome = accept_pair_success(
      Phone::pair_success(phone.device_identity(it.identity.public_key, crypto::view(it.adv_secret), 9)), it);
  ASSERT_EQ(outcome.fault, PairFault::kNone) << outcome.text;
  EXPECT_EQ(it.jid, "15551234567:12@s.whatsapp.net");
  EXPECT_EQ(it.lid, "99887766554433:12@lid");
  EXPECT_EQ(it.platform, "android");
  EXPECT_EQ(it.business_name, "Ada's shop");

  proto::ADVSignedDeviceIdentity kept, told;
  ASSERT_TRUE(kept.ParseFromString(it.account));
  EXPECT_EQ(kept.account_signature_key(), crypto::view(phone.identity.public_key));
  const Node* const identity = outcome.reply->child("pair-device-sign")->child("device-identity");
  EXPECT_EQ(identity->attribute("key-index"), "9");
  ASSERT_TRUE(told.ParseFromString(Bytes(identity->bytes())));
  EXPECT_FALSE(told.has_account_signature_key());
  EXPECT_EQ(told.account_signature(), kept.account_signature());
  const Bytes text = Bytes("\x06\x01", 2)
                         .append(told.details())
                         .append(crypto::view(it.identity.public_key))
                         .append(crypto::view(phone.identity.public_key));
  EXPECT_TRUE(crypto::xeddsa_verify(it.identity.public_key, text, told.device_signature()));
  EXPECT_TRUE(parse_credentials(serialize(it)));
}

TEST(PairSuccess, AHostedDeviceIsSignedUnderAnotherPrefix) {
  const Phone phone;
  Credentials it = make_credentials();
  EXPECT_EQ(accept_pair_success(Phone::pair_success(phone.device_identity(
                                    it.identity.public_key, crypto::view(it.adv_secret), 1, true)),
                                it)
                .fault,
            PairFault::kNone);
}

TEST(PairSuccess, NothingChangesWhenAnotherSecretWasShown) {
  const Phone phone;
  Credentials it = make_credentials();
  const Bytes before = serialize(it);
  expect_refused(accept_pair_success(
                     Phone::pair_success(phone.device_identity(it.identity.public_key, Bytes(32, 'x'))), it),
                 PairFault::kHmac, "401", "hmac-mismatch");
  EXPECT_EQ(serialize(it), before);
}

TEST(PairSuccess, NothingChangesWhenTheAccountSignedAnotherDevice) {
  const Phone phone;
  Credentials it = make_credentials();
  const Bytes before = serialize(it);
  expect_refused(accept_pair_success(Phone::pair_success(phone.device_identity(
                                         crypto::make_key_pair().public_key, crypto::view(it.adv_secret))),
                                     it),
                 PairFault::kSignature, "401", "signature-mismatch");
  EXPECT_EQ(serialize(it), before);
}

// Found by fuzzing: it was accepted, and the record that was kept of it refused.
TEST(PairSuccess, AnIdentityWithoutDetailsIsAnInternalError) {
  Credentials it = make_credentials();
  const crypto::KeyPair account = crypto::make_key_pair();
  proto::ADVSignedDeviceIdentity identity;
  identity.set_account_signature_key(Bytes(crypto::view(account.public_key)));
  const Bytes text = Bytes("\x06\x00", 2).append(crypto::view(it.identity.public_key));
  identity.set_account_signature(Bytes(crypto::view(crypto::xeddsa_sign(account.private_key, text))));
  proto::ADVSignedDeviceIdentityHMAC container;
  container.set_details(identity.SerializeAsString());
  container.set_hmac(crypto::hmac_sha256(crypto::view(it.adv_secret), container.details()));
  expect_refused(accept_pair_success(Phone::pair_success(container.SerializeAsString()), it),
                 PairFault::kInternal, "500", "internal-error");
  EXPECT_FALSE(it.is_linked());
}

TEST(PairSuccess, WhatCannotBeReadIsAnInternalError) {
  const Phone phone;
  Credentials it = make_credentials();
  const Bytes good = phone.device_identity(it.identity.public_key, crypto::view(it.adv_secret));
  for (const Node& bad :
       {Phone::pair_success(""), Phone::pair_success("\xff\xff"), Phone::pair_success(Bytes(10'000, 'x')),
        Phone::pair_success(good, ""), Phone::pair_success(good, "15551234567@s.whatsapp.net"),
        Phone::pair_success(good, "15551234567:1@g.us"),
        Phone::pair_success(good, "1:1@s.whatsapp.net", "nobody")})
    expect_refused(accept_pair_success(bad, it), PairFault::kInternal, "500", "internal-error");
  EXPECT_FALSE(it.is_linked());

  Node unanswerable = Phone::pair_success(good);
  unanswerable.set("id", std::string(1'000, 'x'));
  const PairOutcome outcome = accept_pair_success(unanswerable, it);
  EXPECT_EQ(outcome.fault, PairFault::kInternal);
  EXPECT_FALSE(outcome.reply);
  EXPECT_FALSE(it.is_linked());
}

}  // namespace
}  // namespace patchbay::whatsapp
