// /api/whatsapp/profile.
#include <gmock/gmock.h>

#include "world.h"

namespace patchbay::rest {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

constexpr std::string_view kProfile = "/api/whatsapp/profile";

TEST(ClientProfile, IsReadAndChangedByAdministrators) {
  World world;
  const std::string admin = world.register_user("ann@example.com");
  EXPECT_EQ(world.get(kProfile, admin).text("/profile/browser"), "Chrome");
  const Answer changed =
      world.put(kProfile, json::object{{"version", "2.3000.2000000000"}, {"osName", "Debian"}}, admin);
  EXPECT_EQ(changed.status, 200);
  EXPECT_EQ(changed.text("/profile/version"), "2.3000.2000000000");
  EXPECT_EQ(world.get(kProfile, admin).data(), changed.data());
  const Answer wrong = world.put(kProfile, json::object{{"browser", "Lynx"}}, admin);
  EXPECT_EQ(wrong.code(), "VALIDATION_ERROR");
  EXPECT_THAT(std::string(wrong.body.at("message").as_string()), HasSubstr("browser"));
}

TEST(ClientProfile, IsNobodyElsesBusiness) {
  World world;
  world.register_user("ann@example.com");
  const std::string user = world.register_user("bob@example.com");
  EXPECT_EQ(world.get(kProfile, user).code(), "PERMISSION_DENIED");
  EXPECT_EQ(world.put(kProfile, json::object{{"browser", "Edge"}}, user).code(), "PERMISSION_DENIED");
  EXPECT_EQ(world.get(kProfile).status, 401);
}

TEST(ClientProfile, BringsBackWhoWasRefusedAsOutdated) {
  World world;
  const std::string admin = world.register_user("ann@example.com");
  const std::string id = world.create_instance(admin, "shop");
  world.link(admin, id);
  world.play(id, {.action = Scene::kOutdated});
  world.await_status(admin, id, "ERROR");
  const Answer refused = world.get("/api/instances/" + id + "/status", admin);
  EXPECT_EQ(refused.text("/status/reason/code"), "CLIENT_OUTDATED");
  EXPECT_THAT(refused.text("/status/nextStep/text"), HasSubstr("PUT /api/whatsapp/profile"));
  EXPECT_EQ(world.put(kProfile, json::object{{"version", "2.3000.2000000000"}}, admin).status, 200);
  world.await_status(admin, id, "CONNECTED");
  EXPECT_EQ(world.get("/api/instances/" + id, admin).text("/instance/phone").substr(0, 4), "1555")
      << "with the credentials it had";
}

}  // namespace
}  // namespace patchbay::rest
