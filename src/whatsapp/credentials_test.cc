#include "whatsapp/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/credentials.pb.h"
#include "whatsapp/key_encoding.h"
#include "whatsapp/session_test_support.h"

namespace patchbay::whatsapp {
namespace {

using testing::HasSubstr;
using Record = proto::CredentialsRecord;

TEST(Credentials, ANewIdentityIsCompleteAndNeverTheSame) {
  const Credentials one = make_credentials(), other = make_credentials();
  EXPECT_FALSE(one.is_linked());
  EXPECT_GE(one.registration_id, 1u);
  EXPECT_LE(one.registration_id, kMaxRegistrationId);
  EXPECT_TRUE(crypto::xeddsa_verify(one.identity.public_key, key_with_type(one.signed_prekey.pair.public_key),
                                    crypto::view(one.signed_prekey.signature)));
  EXPECT_NE(one.noise.private_key, other.noise.private_key);
  EXPECT_NE(one.identity.private_key, other.identity.private_key);
  EXPECT_NE(one.adv_secret, other.adv_secret);
}

TEST(Credentials, ARecordGivesBackWhatWentIn) {
  Credentials in = test::linked_credentials();
  in.platform = "android";
  in.business_name = "Ada's shop";
  in.routing_info = Bytes("\x00\x01\x02", 3);
  in.server_static = crypto::make_key_pair().public_key;
  const Bytes record = serialize(in);
  auto out = parse_credentials(record);
  ASSERT_TRUE(out) << out.error().message;
  EXPECT_EQ(out->noise.private_key, in.noise.private_key);
  EXPECT_EQ(out->identity.public_key, in.identity.public_key);
  EXPECT_EQ(out->registration_id, in.registration_id);
  EXPECT_EQ(out->signed_prekey.id, 1u);
  EXPECT_EQ(out->signed_prekey.signature, in.signed_prekey.signature);
  EXPECT_EQ(out->adv_secret, in.adv_secret);
  EXPECT_EQ(out->jid, in.jid);
  EXPECT_EQ(out->lid, in.lid);
  EXPECT_EQ(out->platform, "android");
  EXPECT_EQ(out->business_name, "Ada's shop");
  EXPECT_EQ(out->push_name, "Ada");
  EXPECT_EQ(out->account, in.account);
  ASSERT_EQ(out->prekeys.size(), 30u);
  EXPECT_EQ(out->prekeys[29].id, 30u);
  EXPECT_EQ(out->prekeys[29].private_key, in.prekeys[29].private_key);
  EXPECT_EQ(out->next_prekey_id, 31u);
  EXPECT_EQ(out->first_unuploaded_id, 31u);
  EXPECT_EQ(out->routing_info, in.routing_info);
  EXPECT_EQ(out->server_static, in.server_static);
  EXPECT_EQ(serialize(*out), record);
}

TEST(Credentials, ARecordOf812PrekeysIsSmall) {
  Credentials in = test::linked_credentials();
  add_prekeys(in, 812, [](std::span<uint8_t> bytes) { random_bytes(bytes); });
  EXPECT_LT(serialize(in).size(), 32'000u);
}

struct Damage {
  const char* name;
  void (*apply)(Record&);
  const char* says;
};

TEST(Credentials, ADamagedRecordIsRefusedAndTheReasonHoldsNoSecret) {
  const Damage kDamages[] = {
      {"newer", [](Record& r) { r.set_version(2); }, "newer version"},
      {"no version", [](Record& r) { r.clear_version(); }, "damaged"},
      {"version 0", [](Record& r) { r.set_version(0); }, "damaged"},
      {"noise key gone", [](Record& r) { r.clear_noise(); }, "noise key is incomplete"},
      {"noise key short", [](Record& r) { r.mutable_noise()->mutable_private_key()->pop_back(); },
       "noise key"},
      {"noise key foreign", [](Record& r) { r.mutable_noise()->set_public_key(r.identity().public_key()); },
       "do not belong together"},
      {"identity foreign", [](Record& r) { r.mutable_identity()->CopyFrom(r.noise()); }, "signature"},
      {"signed prekey foreign", [](Record& r) { r.mutable_signed_prekey()->CopyFrom(r.noise()); },
       "signature"},
      {"signature gone", [](Record& r) { r.clear_signed_prekey_signature(); }, "signature"},
      {"signature bad", [](Record& r) { (*r.mutable_signed_prekey_signature())[3] ^= 1; }, "signature"},
      {"no registration id", [](Record& r) { r.clear_registration_id(); }, "registration id"},
      {"registration too high", [](Record& r) { r.set_registration_id(16'381); }, "registration id"},
      {"signed prekey id 0", [](Record& r) { r.set_signed_prekey_id(0); }, "signed prekey's id"},
      {"signed prekey id too high", [](Record& r) { r.set_signed_prekey_id(0x1'000'000); },
       "signed prekey's id"},
      {"adv secret short", [](Record& r) { r.mutable_adv_secret()->pop_back(); }, "pairing secret"},
      {"jid none", [](Record& r) { r.set_jid("hello"); }, "account's id"},
      {"jid of the phone", [](Record& r) { r.set_jid("15551234567@s.whatsapp.net"); }, "account's id"},
      {"jid not of digits", [](Record& r) { r.set_jid("ada:1@s.whatsapp.net"); }, "account's id"},
      {"lid none", [](Record& r) { r.set_lid("15551234567:1@s.whatsapp.net"); }, "hidden id"},
      {"account without jid", [](Record& r) { r.clear_jid(); }, "no account"},
      {"jid without account", [](Record& r) { r.clear_account(); }, "account's signature"},
      {"account garbled", [](Record& r) { r.set_account("\xff\xff\xff"); }, "account's signature"},
      {"name too long", [](Record& r) { r.set_platform(std::string(1'025, 'x')); }, "too long"},
      {"next id 0", [](Record& r) { r.set_next_prekey_id(0); }, "numbers of the prekeys"},
      {"next id too high", [](Record& r) { r.set_next_prekey_id(0x1'000'001); }, "numbers of the prekeys"},
      {"unuploaded past the next", [](Record& r) { r.set_first_unuploaded_id(32); },
       "numbers of the prekeys"},
      {"unuploaded 0", [](Record& r) { r.set_first_unuploaded_id(0); }, "numbers of the prekeys"},
      {"prekeys cut", [](Record& r) { r.mutable_prekeys()->pop_back(); }, "list of prekeys"},
      {"prekeys out of order", [](Record& r) { r.mutable_prekeys()->append(r.prekeys().substr(0, 35)); },
       "out of order"},
      {"prekey not given out yet", [](Record& r) { r.set_next_prekey_id(30), r.set_first_unuploaded_id(30); },
       "out of order"},
      {"too many prekeys", [](Record& r) { r.mutable_prekeys()->assign(35 * 5'001, 'x'); },
       "list of prekeys"},
      {"routing too long", [](Record& r) { r.set_routing_info(Bytes(1'025, 'x')); }, "routing"},
      {"server key short", [](Record& r) { r.set_server_static("short"); }, "server's key"},
  };
  const Bytes good = serialize(test::linked_credentials());
  for (const Damage& damage : kDamages) {
    Record record;
    ASSERT_TRUE(record.ParseFromString(good));
    damage.apply(record);
    const auto out = parse_credentials(record.SerializeAsString());
    ASSERT_FALSE(out) << damage.name;
    EXPECT_EQ(out.error().code, ErrorCode::kDatabase) << damage.name;
    EXPECT_THAT(out.error().message, HasSubstr(damage.says)) << damage.name;
    for (const std::string* secret :
         {&record.noise().private_key(), &record.identity().private_key(), &record.adv_secret()})
      if (!secret->empty()) {
        EXPECT_THAT(out.error().message, Not(HasSubstr(*secret)));
        EXPECT_THAT(out.error().message, Not(HasSubstr(to_hex(*secret))));
      }
  }
  EXPECT_FALSE(parse_credentials(""));
  EXPECT_FALSE(parse_credentials("patchbay-simulated-credentials-v1\nabc"));
  EXPECT_FALSE(parse_credentials(std::string((1u << 20) + 1, 'x')));
}

TEST(Credentials, NoPrefixOfARecordIsTakenForAWholeOne) {
  const Bytes good = serialize(test::linked_credentials());
  size_t accepted = 0;
  for (size_t size = 0; size < good.size(); ++size)
    accepted += parse_credentials(good.substr(0, size)).has_value();
  // The last fields may be absent in a good record, as far as they stand at the end.
  EXPECT_LE(accepted, 2u);
}

}  // namespace
}  // namespace patchbay::whatsapp
