// Linking a phone by a code that is typed in, or with the account's passkey.
#include <thread>

#include <gmock/gmock.h>

#include "world.h"

namespace patchbay::rest {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::MatchesRegex;

class Linking : public testing::Test {
 protected:
  std::string path(std::string_view rest = "") const { return "/api/instances/" + id_ + std::string(rest); }
  Answer pair_code(std::string_view phone) {
    return world_.post(path("/pair-code"), json::object{{"phone", phone}}, token_);
  }
  Answer passkey(const json::value& assertion) {
    return world_.post(path("/passkey"), json::object{{"assertion", assertion}}, token_);
  }
  json::value linking() { return world_.get(path("/status"), token_).data("/status/linking"); }
  void connect() {
    world_.post(path("/connect"), token_);
    world_.await_status(token_, id_, "QR_REQUIRED");
  }
  // Asks until the passkey is asked for.
  json::object await_passkey() {
    for (int i = 0; i < 5'000; ++i) {
      const json::value now = linking();
      if (now.is_object() && now.at("passkey").is_object()) return now.get_object();
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    ADD_FAILURE() << "no passkey was asked for";
    return {};
  }

  World world_;
  std::string token_ = world_.register_user("ann@example.com");
  std::string id_ = world_.create_instance(token_, "shop");
};

TEST_F(Linking, ShowsTheQrCodeFirst) {
  EXPECT_EQ(linking(), json::value(nullptr));
  connect();
  const Answer shown = world_.get(path(), token_);
  EXPECT_EQ(shown.text("/instance/linking/method"), "qr");
  EXPECT_THAT(shown.text("/instance/linking/qrText"), HasSubstr("2@PATCHBAY/SIMULATION/"));
  EXPECT_EQ(shown.data("/instance/linking/qrExpiry"), shown.data("/instance/qrCodeExpiry"));
  EXPECT_EQ(shown.data("/instance/linking/passkey"), json::value(nullptr));
}

TEST_F(Linking, GivesACodeForThePhoneAndLinksWithIt) {
  connect();
  const Answer given = pair_code("+49 (170) 123-4567");
  EXPECT_EQ(given.status, 200);
  EXPECT_THAT(given.text("/pairCode"), MatchesRegex("[1-9A-Z]{4}-[1-9A-Z]{4}"));
  EXPECT_EQ(given.data("/simulation"), json::value(true));
  const json::value now = linking();
  EXPECT_EQ(now.at("method"), "code");
  EXPECT_EQ(now.at("pairCode"), given.data("/pairCode"));
  EXPECT_EQ(now.at("pairCodeExpiry"), given.data("/pairCodeExpiry"));
  EXPECT_EQ(now.at("qrText"), nullptr) << "one way at a time";
  EXPECT_EQ(world_.get(path("/qr"), token_).data("/qrCode"), json::value(nullptr));
  EXPECT_EQ(world_.get(path("/status"), token_).text("/status/nextStep/what"), "ENTER_CODE");
  world_.play(id_, {.action = Scene::kScan});
  world_.await_status(token_, id_, "CONNECTED");
  const Answer linked = world_.get(path(), token_);
  EXPECT_EQ(linked.text("/instance/phone"), "491701234567");
  EXPECT_EQ(linked.data("/instance/linking"), json::value(nullptr));
}

TEST_F(Linking, ExplainsWhenThereIsNothingToGiveACodeFor) {
  const Answer early = pair_code("491701234567");
  EXPECT_EQ(early.status, 400);
  EXPECT_EQ(early.code(), "INVALID_OPERATION");
  EXPECT_THAT(std::string(early.body.at("message").as_string()), HasSubstr("Connect the instance first"));
  world_.link(token_, id_);
  EXPECT_THAT(std::string(pair_code("491701234567").body.at("message").as_string()),
              HasSubstr("linked already"));
}

TEST_F(Linking, ChecksTheNumber) {
  connect();
  for (const std::string_view wrong : {"0170123456", "12345a789", "+49 170", "1234567890123456"})
    EXPECT_THAT(pair_code(wrong).refused(), HasSubstr("phone: must be")) << wrong;
  EXPECT_EQ(world_.post(path("/pair-code"), json::object(), token_).refused(), "phone: is required");
}

TEST_F(Linking, AsksForThePasskeyAndShowsTheCodeToCompare) {
  world_.play(id_, {.action = Scene::kPasskey});
  connect();
  EXPECT_EQ(passkey(json::object{{"id", "x"}}).code(), "INVALID_OPERATION");
  world_.play(id_, {.action = Scene::kScan});
  const json::object asked = await_passkey();
  EXPECT_EQ(asked.at("method"), "passkey");
  EXPECT_EQ(asked.at("passkey").at("options").at("rpId"), "whatsapp.com");
  EXPECT_EQ(asked.at("passkey").at("verificationCode"), nullptr);
  const Answer status = world_.get(path("/status"), token_);
  EXPECT_EQ(status.text("/status/databaseStatus"), "QR_REQUIRED");
  EXPECT_EQ(status.text("/status/reason/code"), "PASSKEY_REQUIRED");
  EXPECT_EQ(status.text("/status/nextStep/what"), "PROVIDE_PASSKEY");

  const Answer wrong = passkey(json::object{{"id", "x"}});
  EXPECT_EQ(wrong.code(), "VALIDATION_ERROR");
  EXPECT_EQ(passkey("not JSON").refused(), "assertion: must be the JSON object that the browser gave");
  EXPECT_EQ(passkey(R"({"id":"x","type":"public-key","response":{}})").status, 200) << "as text, too";
  EXPECT_THAT(std::string(linking().at("passkey").at("verificationCode").as_string()),
              MatchesRegex("[1-9A-Z]{4}-[1-9A-Z]{4}"));
  EXPECT_EQ(world_.get(path("/status"), token_).text("/status/nextStep/what"), "COMPARE_CODE");
  world_.play(id_, {.action = Scene::kScan});
  world_.await_status(token_, id_, "CONNECTED");

  const json::value events = world_.get(path("/events"), token_).data("/events");
  std::vector<std::string> types;
  for (const json::value& event : events.as_array()) types.emplace_back(event.at("type").as_string());
  EXPECT_THAT(types,
              testing::ElementsAre("instance:status:changed", "instance:status:changed",
                                   "instance:qr:generated", "instance:passkey:required",
                                   "instance:passkey:code", "instance:status:changed", "instance:connected"));
}

TEST_F(Linking, OfOthersDoesNotExist) {
  const std::string stranger = world_.register_user("bob@example.com");
  EXPECT_EQ(world_.post(path("/pair-code"), json::object{{"phone", "491701234567"}}, stranger).status, 404);
  EXPECT_EQ(world_.post(path("/passkey"), json::object{{"assertion", "{}"}}, stranger).status, 404);
}

}  // namespace
}  // namespace patchbay::rest
