#include "whatsapp/baileys_folder.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "whatsapp/key_encoding.h"

namespace patchbay::whatsapp {
namespace {

namespace json = boost::json;

json::value buffer(std::string_view bytes) {
  return {{"type", "Buffer"}, {"data", base64_encode(bytes)}};
}
json::value pair_of(const crypto::KeyPair& pair) {
  return {{"private", buffer(crypto::view(pair.private_key))},
          {"public", buffer(crypto::view(pair.public_key))}};
}

// A folder as Baileys 7 writes it.
class BaileysFolder : public testing::Test {
 protected:
  BaileysFolder() {
    creds = {{"noiseKey", pair_of(keys.noise)},
             {"pairingEphemeralKeyPair", pair_of(crypto::make_key_pair())},
             {"signedIdentityKey", pair_of(keys.identity)},
             {"signedPreKey",
              {{"keyPair", pair_of(keys.signed_prekey.pair)},
               {"signature", buffer(crypto::view(keys.signed_prekey.signature))},
               {"keyId", keys.signed_prekey.id}}},
             {"registrationId", keys.registration_id},
             {"advSecretKey", base64_encode(crypto::view(keys.adv_secret))},
             {"nextPreKeyId", 4},
             {"firstUnuploadedPreKeyId", 4},
             {"registered", true},
             {"me", {{"id", "15551234567:12@s.whatsapp.net"}, {"lid", "99887766:12@lid"}, {"name", "Anna"}}},
             // protobufjs writes octets as base64 alone.
             {"account",
              {{"details", base64_encode("details")},
               {"accountSignatureKey", base64_encode(std::string(32, 'k'))},
               {"accountSignature", base64_encode(std::string(64, 's'))},
               {"deviceSignature", base64_encode(std::string(64, 'd'))}}},
             {"platform", "android"},
             {"routingInfo", buffer("route")}};
    for (const uint32_t id : {3u, 1u}) {
      prekeys[id] = crypto::make_key_pair();
      others.push_back({"pre-key-" + std::to_string(id) + ".json", json::serialize(pair_of(prekeys[id]))});
    }
  }
  Result<BaileysImport> import() {
    std::vector<BaileysFile> files = others;
    files.push_back({"creds.json", json::serialize(creds)});
    return import_baileys(files);
  }
  void expect_refused(std::string_view file, std::string_view words) {
    const auto refused = import();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kValidation);
    EXPECT_NE(refused.error().message.find(file), std::string::npos) << refused.error().message;
    EXPECT_NE(refused.error().message.find(words), std::string::npos) << refused.error().message;
  }

  const Credentials keys = make_credentials();
  std::map<uint32_t, crypto::KeyPair> prekeys;
  json::object creds;
  std::vector<BaileysFile> others;
};

TEST_F(BaileysFolder, IsTakenOverWhole) {
  const auto imported = import();
  ASSERT_TRUE(imported) << imported.error().message;
  const Credentials& it = imported->credentials;
  EXPECT_EQ(it.noise.private_key, keys.noise.private_key);
  EXPECT_EQ(it.identity.private_key, keys.identity.private_key);
  EXPECT_EQ(it.signed_prekey.pair.private_key, keys.signed_prekey.pair.private_key);
  EXPECT_EQ(it.signed_prekey.signature, keys.signed_prekey.signature);
  EXPECT_EQ(it.registration_id, keys.registration_id);
  EXPECT_EQ(it.adv_secret, keys.adv_secret);
  EXPECT_EQ(it.jid, "15551234567:12@s.whatsapp.net");
  EXPECT_EQ(it.lid, "99887766:12@lid");
  EXPECT_EQ(it.push_name, "Anna");
  EXPECT_EQ(it.platform, "android");
  EXPECT_EQ(it.routing_info, "route");
  ASSERT_EQ(it.prekeys.size(), 2u);
  EXPECT_EQ(it.prekeys[0].id, 1u);
  EXPECT_EQ(it.prekeys[0].private_key, prekeys[1].private_key);
  EXPECT_EQ(it.prekeys[1].id, 3u);
  EXPECT_EQ(it.next_prekey_id, 4u);
  EXPECT_EQ(it.first_unuploaded_id, 4u);
  EXPECT_TRUE(imported->dropped.empty());
}

TEST_F(BaileysFolder, WhatIsNotTakenOverIsCountedAndNamed) {
  for (const char* const name :
       {"session-15557654321.0.json", "session-15557654321.1.json", "sender-key-12@g.us--15557654321--0.json",
        "sender-key-memory-12@g.us.json", "app-state-sync-key-AAAA__B.json", "lid-mapping-15557654321.json",
        "pre-key-x.json", "notes.txt"})
    others.push_back({name, ""});
  const auto imported = import();
  ASSERT_TRUE(imported) << imported.error().message;
  std::string all;
  for (const std::string& one : imported->dropped) all += one + "\n";
  for (const char* const words : {"2 encrypted sessions", "1 keys of groups", "1 notes of who",
                                  "1 keys of the synchronised", "1 pairs of phone", "2 files of other kinds"})
    EXPECT_NE(all.find(words), std::string::npos) << all;
}

TEST_F(BaileysFolder, OctetsMayBeWrittenInEveryFormThatBaileysHasWritten) {
  json::array numbers;
  json::object indexed;
  const std::string_view bytes = crypto::view(keys.noise.public_key);
  for (size_t i = 0; i < bytes.size(); ++i) {
    numbers.push_back(static_cast<uint8_t>(bytes[i]));
    indexed[std::to_string(i)] = static_cast<uint8_t>(bytes[i]);
  }
  const std::string with_type = Bytes(1, kCurveKeyType).append(bytes);
  for (const json::value& form :
       {json::value{{"type", "Buffer"}, {"data", numbers}}, json::value(indexed), buffer(with_type)}) {
    creds["noiseKey"].as_object()["public"] = form;
    EXPECT_TRUE(import()) << json::serialize(form);
  }
}

TEST_F(BaileysFolder, APublicKeyThatDoesNotBelongToItsPrivateKeyIsRefused) {
  const json::value stranger = buffer(crypto::view(crypto::make_key_pair().public_key));
  const json::object good = creds;
  for (const char* const name : {"noiseKey", "signedIdentityKey"}) {
    creds = good;
    creds[name].as_object()["public"] = stranger;
    expect_refused("creds.json", name);
  }
  creds = good;
  creds["signedPreKey"].as_object()["keyPair"].as_object()["public"] = stranger;
  expect_refused("creds.json", "signedPreKey");
  creds = good;
  creds["signedPreKey"].as_object()["signature"] = buffer(std::string(64, 'x'));
  expect_refused("creds.json", "not signed by");
  creds = good;
  json::value pair = pair_of(crypto::make_key_pair());
  pair.as_object()["public"] = stranger;
  others.push_back({"pre-key-2.json", json::serialize(pair)});
  expect_refused("pre-key-2.json", "does not belong");
}

TEST_F(BaileysFolder, AFolderThatWasNeverLinkedIsRefusedWithTheReason) {
  creds.erase("me");
  expect_refused("creds.json", "never linked");
  creds["me"] = {{"id", "15551234567:12@s.whatsapp.net"}};
  creds.erase("account");
  expect_refused("creds.json", "never completed");
  EXPECT_NE(import_baileys({}).error().message.find("creds.json"), std::string::npos);
}

TEST_F(BaileysFolder, EveryMissingOrStrangeMemberIsAnErrorAndNeverMore) {
  const json::object good = creds;
  for (const auto& [name, value] : good) {
    for (const json::value& strange :
         {json::value(nullptr), json::value(-1), json::value(1e300), json::value("\x01"),
          json::value(json::array{1}), json::value{{"type", "Buffer"}, {"data", {{"type", "Buffer"}}}}}) {
      creds = good;
      creds[name] = strange;
      const auto result = import();
      if (!result) {
        EXPECT_EQ(result.error().code, ErrorCode::kValidation) << std::string(name);
      }
    }
    creds = good;
    creds.erase(name);
    (void)import();
  }
  for (const std::string& text : {std::string(), std::string("{"), std::string("[]"), std::string("null"),
                                  std::string(100'000, '['), std::string(kMaxBaileysFileBytes + 1, ' ')})
    EXPECT_FALSE(import_baileys(std::vector<BaileysFile>{{"creds.json", text}}));
}

TEST_F(BaileysFolder, PrekeysThatBaileysHasStoredButNotCountedYetAreCounted) {
  others.push_back({"pre-key-9.json", json::serialize(pair_of(crypto::make_key_pair()))});
  const auto imported = import();
  ASSERT_TRUE(imported) << imported.error().message;
  EXPECT_EQ(imported->credentials.next_prekey_id, 10u);
  EXPECT_EQ(imported->credentials.first_unuploaded_id, 4u);
}

}  // namespace
}  // namespace patchbay::whatsapp
