#include "sandbox/adv.h"

#include <gtest/gtest.h>

#include "base/test_vectors.h"
#include "crypto/digest.h"
#include "crypto/xeddsa.h"
#include "proto/adv.pb.h"
#include "sandbox/pair_code.h"

namespace patchbay::sandbox {
namespace {

crypto::Key32 key(std::string_view part, std::string_view name) {
  return *crypto::to_key(unhex(wa_vectors(part).at(name)));
}

TEST(Adv, AgreesWithAnotherImplementationOnWhatIsSigned) {
  const auto& vector = wa_vectors("adv");
  proto::ADVSignedDeviceIdentityHMAC sealed;
  proto::ADVSignedDeviceIdentity account;
  proto::ADVDeviceIdentity details;
  ASSERT_TRUE(sealed.ParseFromString(unhex(vector.at("deviceIdentity"))));
  EXPECT_EQ(crypto::hmac_sha256(unhex(vector.at("advSecret")), sealed.details()), sealed.hmac());
  ASSERT_TRUE(account.ParseFromString(sealed.details()));
  ASSERT_TRUE(details.ParseFromString(account.details()));
  EXPECT_EQ(details.key_index(), vector.at("expectKeyIndex").to_number<uint32_t>());
  const auto identity = key("adv", "companionIdentityPub");
  const auto account_key = crypto::to_key(account.account_signature_key());
  ASSERT_TRUE(account_key);
  EXPECT_TRUE(crypto::xeddsa_verify(*account_key, account_signature_message(account.details(), identity),
                                    account.account_signature()));
}

class AdvOfOurs : public testing::Test {
 protected:
  AdvOfOurs()
      : voucher(vouch_for_device(account, 7, 3, from_unix_ms(1'700'000'000'000), device.public_key,
                                 Bytes(32, 's'))) {
    proto::ADVSignedDeviceIdentityHMAC sealed;
    sealed.ParseFromString(voucher.wire);
    answer.ParseFromString(sealed.details());
    answer.clear_account_signature_key();
    sign(device);
  }
  void sign(const crypto::KeyPair& by) {
    answer.set_device_signature(Bytes(crypto::view(crypto::xeddsa_sign(
        by.private_key, device_signature_message(voucher.details, device.public_key, account.public_key)))));
  }
  Result<Bytes> complete() {
    return complete_device_identity(answer.SerializeAsString(), voucher, account.public_key,
                                    device.public_key);
  }
  const crypto::KeyPair account = crypto::make_key_pair();
  const crypto::KeyPair device = crypto::make_key_pair();
  DeviceVoucher voucher;
  proto::ADVSignedDeviceIdentity answer;
};

TEST_F(AdvOfOurs, ADeviceThatSignsBecomesWhole) {
  proto::ADVSignedDeviceIdentity whole;
  ASSERT_TRUE(whole.ParseFromString(complete().value()));
  EXPECT_EQ(whole.account_signature_key(), crypto::view(account.public_key));
  EXPECT_EQ(whole.device_signature(), answer.device_signature());
}

TEST_F(AdvOfOurs, ASignatureOfAnotherKeyIsRefused) {
  sign(crypto::make_key_pair());
  EXPECT_EQ(complete().error().code, ErrorCode::kAuthentication);
}

TEST_F(AdvOfOurs, OtherDetailsTheAccountsKeyAndRubbishAreRefused) {
  answer.set_details("other");
  EXPECT_EQ(complete().error().code, ErrorCode::kBadRequest);
  answer.set_details(voucher.details);
  answer.set_account_signature_key(Bytes(crypto::view(account.public_key)));
  EXPECT_EQ(complete().error().code, ErrorCode::kBadRequest);
  EXPECT_FALSE(complete_device_identity("\xff", voucher, account.public_key, device.public_key));
}

TEST(PairCode, WrapsAsAnotherImplementationDoes) {
  const auto& vector = wa_vectors("pairCode");
  const std::string code(vector.at("code").as_string());
  EXPECT_EQ(
      wrap_ephemeral(key("pairCode", "ephemeralPub"), code, unhex(vector.at("salt")), unhex(vector.at("iv"))),
      unhex(vector.at("wrapped")));
  EXPECT_EQ(unwrap_ephemeral(unhex(vector.at("wrapped")), code), key("pairCode", "ephemeralPub"));
  EXPECT_NE(unwrap_ephemeral(unhex(vector.at("wrapped")), "ABCD1235"), key("pairCode", "ephemeralPub"));
}

TEST(PairCode, IsTakenAsPeopleTypeIt) {
  EXPECT_EQ(normal_pair_code("abcd-1234"), "ABCD1234");
  EXPECT_EQ(normal_pair_code("ABCD 1234"), "ABCD1234");
  for (const char* const wrong : {"", "ABCD123", "ABCD12345", "ABCD-123O", "ABCD-1230"})
    EXPECT_FALSE(normal_pair_code(wrong)) << wrong;
}

}  // namespace
}  // namespace patchbay::sandbox
