// /api/auth
#include <gmock/gmock.h>

#include "world.h"

namespace patchbay::rest {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::Not;

json::object registration(std::string_view email) {
  return {{"email", email}, {"password", "correct horse"}, {"name", "Ann Example"}};
}

TEST(Auth, RegistersAndSignsIn) {
  World world;
  const Answer registered = world.post("/api/auth/register", registration("Ann@Example.COM"));
  EXPECT_EQ(registered.status, 201);
  EXPECT_EQ(registered.text("/user/email"), "ann@example.com");
  EXPECT_EQ(registered.text("/subscription/tier"), "BASIC");
  EXPECT_EQ(registered.data("/subscription/maxInstances"), json::value(5));
  EXPECT_EQ(registered.data("/user/subscription/id"), registered.data("/subscription/id"));

  const Answer login = world.post("/api/auth/login",
                                  json::object{{"email", "ann@example.com"}, {"password", "correct horse"}});
  EXPECT_EQ(login.status, 200);
  EXPECT_EQ(login.data("/user/id"), registered.data("/user/id"));

  const Answer me = world.get("/api/auth/me", login.text("/token"));
  EXPECT_EQ(me.status, 200);
  EXPECT_EQ(me.text("/user/name"), "Ann Example");
  EXPECT_THAT(json::serialize(me.body), Not(HasSubstr("assword")));
  EXPECT_THAT(json::serialize(me.body), Not(HasSubstr("argon2")));
}

TEST(Auth, MakesTheFirstUserAdministratorAndLaterOnesNot) {
  World world;
  EXPECT_EQ(world.post("/api/auth/register", registration("first@example.com")).text("/user/role"),
            "ADMINISTRATOR");
  EXPECT_EQ(world.post("/api/auth/register", registration("second@example.com")).text("/user/role"), "USER");
}

TEST(Auth, IgnoresFieldsItDoesNotKnow) {
  World world;
  json::object body = registration("ann@example.com");
  body["role"] = "ADMINISTRATOR";
  body["csrfToken"] = "x";
  world.register_user("first@example.com");
  const Answer answer = world.post("/api/auth/register", body);
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.text("/user/role"), "USER");
}

TEST(Auth, ListsEverythingThatIsWrongWithARegistration) {
  World world;
  const Answer answer =
      world.post("/api/auth/register", json::object{{"email", "nobody"}, {"password", "short"}, {"name", 7}});
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.code(), "VALIDATION_ERROR");
  EXPECT_EQ(answer.refused(),
            "email: must be an e-mail address such as name@example.com; "
            "password: must have 6 to 128 characters; name: must be a string");
  EXPECT_EQ(world.post("/api/auth/register", json::object()).refused(),
            "email: is required; password: is required; name: is required");
}

TEST(Auth, NeverRepeatsAPassword) {
  World world;
  const std::string secret = "hush5";
  for (const json::value& password : {json::value(secret), json::value(json::array{secret})}) {
    json::object body = registration("ann@example.com");
    body["password"] = password;
    EXPECT_THAT(json::serialize(world.post("/api/auth/register", body).body), Not(HasSubstr(secret)));
  }
}

TEST(Auth, RefusesAnAddressThatIsTaken) {
  World world;
  world.register_user("ann@example.com");
  const Answer answer = world.post("/api/auth/register", registration("ANN@example.com"));
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(answer.code(), "RESOURCE_ALREADY_EXISTS");
}

TEST(Auth, SaysTheSameOfWrongPasswordsAndUnknownUsers) {
  World world;
  world.register_user("ann@example.com");
  const Answer wrong =
      world.post("/api/auth/login", json::object{{"email", "ann@example.com"}, {"password", "no"}});
  const Answer unknown =
      world.post("/api/auth/login", json::object{{"email", "bob@example.com"}, {"password", "no"}});
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(wrong.code(), "INVALID_CREDENTIALS");
  EXPECT_EQ(unknown.status, 401);
  EXPECT_EQ(wrong.body.at("message"), unknown.body.at("message"));
}

TEST(Auth, ChangingThePasswordEndsOldTokens) {
  World world;
  const std::string old_token = world.register_user("ann@example.com");
  const Answer wrong =
      world.post("/api/auth/change-password",
                 json::object{{"currentPassword", "wrong"}, {"newPassword", "battery staple"}}, old_token);
  EXPECT_EQ(wrong.status, 400);
  EXPECT_EQ(wrong.code(), "INVALID_CREDENTIALS");
  EXPECT_EQ(world
                .post("/api/auth/change-password",
                      json::object{{"currentPassword", "correct horse"}, {"newPassword", "short"}}, old_token)
                .code(),
            "VALIDATION_ERROR");

  const Answer changed = world.post(
      "/api/auth/change-password",
      json::object{{"currentPassword", "correct horse"}, {"newPassword", "battery staple"}}, old_token);
  EXPECT_EQ(changed.status, 200);
  EXPECT_EQ(world.get("/api/auth/me", old_token).status, 401);
  EXPECT_EQ(world.get("/api/auth/me", changed.text("/token")).status, 200);
  EXPECT_EQ(
      world.post("/api/auth/login", json::object{{"email", "ann@example.com"}, {"password", "correct horse"}})
          .status,
      401);
  EXPECT_EQ(
      world
          .post("/api/auth/login", json::object{{"email", "ann@example.com"}, {"password", "battery staple"}})
          .status,
      200);
}

TEST(Auth, RefreshesAndSignsOut) {
  World world;
  const std::string token = world.register_user("ann@example.com");
  const Answer refreshed = world.post("/api/auth/refresh", token);
  EXPECT_EQ(refreshed.status, 200);
  EXPECT_EQ(world.get("/api/auth/me", refreshed.text("/token")).status, 200);
  EXPECT_EQ(world.post("/api/auth/logout", token).status, 200);
}

TEST(Auth, RefusesWhoeverIsDisabled) {
  World world;
  const Answer registered = world.post("/api/auth/register", registration("ann@example.com"));
  const std::string token = registered.text("/token");
  ASSERT_TRUE(world.accounts().set_subscription_active(registered.text("/subscription/id"), false));
  EXPECT_EQ(world.get("/api/instances", token).status, 403);
  EXPECT_EQ(world.get("/api/instances", token).code(), "SUBSCRIPTION_INACTIVE");
  const Answer login = world.post("/api/auth/login",
                                  json::object{{"email", "ann@example.com"}, {"password", "correct horse"}});
  EXPECT_EQ(login.status, 403);
  EXPECT_EQ(login.code(), "SUBSCRIPTION_INACTIVE");
}

}  // namespace
}  // namespace patchbay::rest
