#include "whatsapp/client_payload.h"

#include <gtest/gtest.h>

#include "crypto/digest.h"
#include "proto/client_payload.pb.h"
#include "whatsapp/session_test_support.h"

namespace patchbay::whatsapp {
namespace {

proto::ClientPayload read(const Bytes& bytes) {
  proto::ClientPayload out;
  EXPECT_TRUE(out.ParseFromString(bytes));
  return out;
}

TEST(ClientPayload, ARegistrationTellsTheKeysAndTheDevice) {
  Credentials credentials = make_credentials();
  credentials.registration_id = 0x1234;
  const proto::ClientPayload out = read(registration_payload(
      credentials, {.version = {2, 3000, 99}, .os_name = "Windows", .browser = "Edge"}, true));
  EXPECT_FALSE(out.passive());
  EXPECT_FALSE(out.pull());
  EXPECT_FALSE(out.has_username());
  EXPECT_EQ(out.user_agent().platform(), proto::ClientPayload::UserAgent::WEB);
  EXPECT_EQ(out.user_agent().app_version().tertiary(), 99u);
  EXPECT_EQ(out.connect_reason(), proto::ClientPayload::USER_ACTIVATED);
  const auto& data = out.device_pairing_data();
  EXPECT_EQ(data.e_regid(), Bytes("\x00\x00\x12\x34", 4));
  EXPECT_EQ(data.e_keytype(), "\x05");
  EXPECT_EQ(data.e_ident(), crypto::view(credentials.identity.public_key));
  EXPECT_EQ(data.e_skey_id(), Bytes("\x00\x00\x01", 3));
  EXPECT_EQ(data.e_skey_val(), crypto::view(credentials.signed_prekey.pair.public_key));
  EXPECT_EQ(data.e_skey_sig(), crypto::view(credentials.signed_prekey.signature));
  EXPECT_EQ(data.build_hash(), crypto::md5("2.3000.99"));
  proto::DeviceProps props;
  ASSERT_TRUE(props.ParseFromString(data.device_props()));
  EXPECT_EQ(props.os(), "Windows");
  EXPECT_EQ(props.platform_type(), proto::DeviceProps::EDGE);
  EXPECT_TRUE(props.require_full_sync());
}

TEST(ClientPayload, ALoginTellsTheNumberAndTheDevice) {
  const proto::ClientPayload out = read(login_payload(test::linked_credentials(), {}));
  EXPECT_EQ(out.username(), 15551234567u);
  EXPECT_EQ(out.device(), 12u);
  EXPECT_TRUE(out.passive());
  EXPECT_TRUE(out.pull());
  EXPECT_TRUE(out.lid_db_migrated());
  EXPECT_EQ(out.lc(), 1);
  EXPECT_FALSE(out.has_device_pairing_data());
}

TEST(ClientPayload, KnowsEveryBrowser) {
  std::string types;
  for (const std::string_view browser : kBrowsers) types += client_type({.browser = std::string(browser)});
  EXPECT_EQ(types, "1234567");
  EXPECT_EQ(platform_type({.browser = "Chrome"}), proto::DeviceProps::CHROME);
}

}  // namespace
}  // namespace patchbay::whatsapp
