#include "whatsapp/prekeys.h"

#include <gtest/gtest.h>

#include "base/ids.h"
#include "crypto/digest.h"
#include "whatsapp/key_encoding.h"
#include "whatsapp/stanza.h"

namespace patchbay::whatsapp {
namespace {

using binary::Node;
using binary::Nodes;

Node digest_of(const Credentials& credentials, std::string_view hash, bool wrapped_ids) {
  Nodes ids;
  for (const Prekey& prekey : credentials.prekeys) {
    Node id = bytes_element(wrapped_ids ? "id" : "key", big_endian(prekey.id, 3));
    ids.push_back(wrapped_ids ? element("key", {}, {id}) : id);
  }
  const SignedPrekey& skey = credentials.signed_prekey;
  return element("iq", {},
                 {element("digest", {},
                          {bytes_element("registration", big_endian(credentials.registration_id, 4)),
                           bytes_element("type", "\x05"),
                           bytes_element("identity", crypto::view(credentials.identity.public_key)),
                           element("skey", {},
                                   {bytes_element("id", big_endian(skey.id, 3)),
                                    bytes_element("value", crypto::view(skey.pair.public_key)),
                                    bytes_element("signature", crypto::view(skey.signature))}),
                           element("list", {}, std::move(ids)), bytes_element("hash", hash)})});
}

Bytes hash_of(const Credentials& credentials) {
  return crypto::sha1(Bytes(crypto::view(credentials.identity.public_key))
                          .append(crypto::view(credentials.signed_prekey.pair.public_key))
                          .append(crypto::view(credentials.signed_prekey.signature))
                          .append(public_keys(credentials.prekeys)));
}

TEST(Prekeys, IdsAreNeverUsedTwiceAndALostAnswerMeansTheSameKeysAgain) {
  Credentials it = make_credentials();
  EXPECT_EQ(add_prekeys(it, 812, random_bytes), 812u);
  EXPECT_EQ(unuploaded(it).front().id, 1u);
  EXPECT_EQ(unuploaded(it).back().id, 812u);
  EXPECT_EQ(add_prekeys(it, 812, random_bytes), 0u) << "the answer was lost";
  EXPECT_EQ(unuploaded(it).size(), 812u);
  confirm_upload(it, 812);
  EXPECT_TRUE(unuploaded(it).empty());
  it.prekeys.clear();  // all used up
  EXPECT_EQ(add_prekeys(it, 50, random_bytes), 50u);
  EXPECT_EQ(it.prekeys.front().id, 813u);
  EXPECT_EQ(unuploaded(it).size(), 50u);
}

TEST(Prekeys, EndWithTheLastIdAndAreBounded) {
  Credentials it = make_credentials();
  it.next_prekey_id = it.first_unuploaded_id = kMaxPrekeyId - 1;
  EXPECT_EQ(add_prekeys(it, 50, random_bytes), 2u);
  EXPECT_EQ(it.prekeys.back().id, kMaxPrekeyId);
  confirm_upload(it, kMaxPrekeyId);
  EXPECT_EQ(add_prekeys(it, 50, random_bytes), 0u);
  EXPECT_TRUE(unuploaded(it).empty());

  Credentials many = make_credentials();
  for (int i = 0; i < 60; ++i) {
    add_prekeys(many, 100, random_bytes);
    confirm_upload(many, many.next_prekey_id - 1);
  }
  EXPECT_EQ(many.prekeys.size(), kMaxPrekeys);
  EXPECT_EQ(many.prekeys.front().id, 1'001u) << "the oldest went";
  EXPECT_TRUE(parse_credentials(serialize(many)));
}

TEST(Prekeys, AnUploadHoldsEverythingOthersNeed) {
  Credentials it = make_credentials();
  add_prekeys(it, 3, random_bytes);
  const Node query = upload_query(it, unuploaded(it), public_keys(unuploaded(it)));
  EXPECT_EQ(query.attribute("xmlns"), "encrypt");
  EXPECT_EQ(query.attribute("type"), "set");
  EXPECT_EQ(query.child_bytes("registration"), big_endian(it.registration_id, 4));
  EXPECT_EQ(query.child_bytes("type"), "\x05");
  EXPECT_EQ(query.child_bytes("identity"), crypto::view(it.identity.public_key));
  const Nodes& list = query.child("list")->children();
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list[2].child_bytes("id"), Bytes("\x00\x00\x03", 3));
  EXPECT_EQ(list[2].child_bytes("value"),
            crypto::view(crypto::key_pair_from_private(it.prekeys[2].private_key).public_key));
  EXPECT_EQ(query.child("skey")->child_bytes("signature"), crypto::view(it.signed_prekey.signature));
}

TEST(Prekeys, ARotationBringsTheNextIdAndAGoodSignature) {
  Credentials it = make_credentials();
  const SignedPrekey old = it.signed_prekey;
  rotate_signed_prekey(it, from_unix_ms(1'700'000'000'123));
  EXPECT_EQ(it.signed_prekey.id, 2u);
  EXPECT_EQ(it.signed_prekey_made_at, 1'700'000'000);
  EXPECT_FALSE(it.signed_prekey_confirmed);
  ASSERT_TRUE(it.previous_signed_prekey);
  EXPECT_EQ(it.previous_signed_prekey->pair.private_key, old.pair.private_key);
  const Node query = rotation_query(it.signed_prekey);
  const Node* const skey = query.child("rotate")->child("skey");
  ASSERT_NE(skey, nullptr);
  EXPECT_EQ(skey->child_bytes("id"), Bytes("\x00\x00\x02", 3));
  EXPECT_TRUE(crypto::xeddsa_verify(it.identity.public_key, Bytes(1, 5).append(skey->child_bytes("value")),
                                    skey->child_bytes("signature")));
  it.signed_prekey.id = kMaxPrekeyId;
  rotate_signed_prekey(it, {});
  EXPECT_EQ(it.signed_prekey.id, 1u);
}

TEST(Prekeys, TheServersCopyIsComparedByIdsKeysAndHash) {
  Credentials it = make_credentials();
  add_prekeys(it, 5, random_bytes);
  for (const bool wrapped : {false, true}) {
    const auto digest = read_digest(digest_of(it, hash_of(it), wrapped));
    ASSERT_TRUE(digest);
    EXPECT_EQ(digest->prekey_ids.size(), 5u);
    EXPECT_TRUE(matches(*digest, it));
    EXPECT_TRUE(hash_matches(*digest, it, public_keys(listed_prekeys(*digest, it))));
  }
  auto digest = *read_digest(digest_of(it, hash_of(it).substr(0, 8), false));
  EXPECT_TRUE(hash_matches(digest, it, public_keys(it.prekeys))) << "as much as the server gives";
  digest.hash[7] ^= 1;
  EXPECT_FALSE(hash_matches(digest, it, public_keys(it.prekeys)));

  KeyDigest other = digest;
  other.registration_id ^= 1;
  EXPECT_FALSE(matches(other, it));
  other = digest;
  other.identity[0] ^= 1;
  EXPECT_FALSE(matches(other, it));
  other = digest;
  other.signed_prekey_id = 2;
  EXPECT_FALSE(matches(other, it));
  other = digest;
  other.signed_prekey_signature[0] ^= 1;
  EXPECT_FALSE(matches(other, it));
  other = digest;
  other.prekey_ids.push_back(6);
  EXPECT_FALSE(matches(other, it)) << "a key that we do not have";
  EXPECT_FALSE(read_digest(element("iq", {}, {element("list")})));
}

TEST(Prekeys, AfterAMismatchIdsBeginBehindThoseOfBothSides) {
  Credentials it = make_credentials();
  add_prekeys(it, 5, random_bytes);
  confirm_upload(it, 5);
  KeyDigest digest;
  digest.prekey_ids = {7, 900, 0xffffffff};
  start_anew(it, digest);
  EXPECT_TRUE(unuploaded(it).empty());
  add_prekeys(it, 2, random_bytes);
  EXPECT_EQ(unuploaded(it).front().id, 901u);
}

TEST(Prekeys, ACountIsANumber) {
  EXPECT_EQ(*read_count(element("iq", {}, {element("count", {{"value", "17"}})})), 17u);
  EXPECT_FALSE(read_count(element("iq", {}, {element("count", {{"value", "many"}})})));
  EXPECT_FALSE(read_count(element("iq", {}, {element("count", {{"value", "-1"}})})));
  EXPECT_FALSE(read_count(element("iq")));
}

}  // namespace
}  // namespace patchbay::whatsapp
