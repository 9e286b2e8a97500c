// /api/instances/{id}/keys
#include <gmock/gmock.h>

#include "world.h"

namespace patchbay::rest {
namespace {

namespace json = boost::json;
using testing::MatchesRegex;

const json::value kNothingAllowed = json::parse(
    R"({"messages":{"send":false,"receive":false},"contacts":{"check":false},
        "instance":{"info":false,"stats":false},"webhook":{"configure":false}})");

class ApiKeys : public testing::Test {
 protected:
  Answer create(json::object body) { return world_.post(keys_, body, token_); }

  World world_;
  std::string token_ = world_.register_user("ann@example.com");
  std::string instance_ = world_.create_instance(token_, "shop");
  std::string keys_ = "/api/instances/" + instance_ + "/keys";
};

TEST_F(ApiKeys, AreCreatedWithAllPermissionObjectsInPlace) {
  const Answer created = create({{"name", "bot"}});
  EXPECT_EQ(created.status, 201);
  EXPECT_THAT(created.text("/apiKey"), MatchesRegex("wa_[0-9a-f]{64}"));
  EXPECT_EQ(created.data("/permissions"), kNothingAllowed);
  EXPECT_EQ(created.data("/rateLimit"), json::value(1000));
  EXPECT_EQ(created.data("/expiresAt"), json::value(nullptr));
}

TEST_F(ApiKeys, AreListedInClearForThePanel) {
  const Answer created = create(
      {{"name", "bot"}, {"permissions", {{"messages", {{"send", true}}}, {"webhook", json::object()}}}});
  const Answer list = world_.get(keys_, token_);
  EXPECT_EQ(list.data("/total"), json::value(1));
  EXPECT_EQ(list.data("/apiKeys/0/apiKey"), created.data("/apiKey"));
  EXPECT_EQ(list.data("/apiKeys/0/permissions/messages/send"), json::value(true));
  EXPECT_EQ(list.data("/apiKeys/0/permissions/contacts"), json::value({{"check", false}}));
  EXPECT_EQ(world_.get(keys_ + "/" + created.text("/id"), token_).data("/apiKey"), created.data("/apiKey"));
}

TEST_F(ApiKeys, GrantAWholeCategoryByOneTrue) {
  const Answer created = create({{"name", "bot"}, {"permissions", {{"instance", true}}}});
  EXPECT_EQ(created.data("/permissions/instance"), json::value({{"info", true}, {"stats", true}}));
}

TEST_F(ApiKeys, AreChangedFieldByField) {
  const std::string key =
      keys_ + "/" + create({{"name", "bot"}, {"permissions", {{"messages", true}}}}).text("/id");
  const Answer renamed = world_.put(key, json::object{{"name", "robot"}}, token_);
  EXPECT_EQ(renamed.status, 200);
  EXPECT_EQ(renamed.text("/name"), "robot");
  EXPECT_EQ(renamed.data("/permissions/messages/send"), json::value(true));
  EXPECT_FALSE(renamed.body.at("data").as_object().contains("apiKey"));

  EXPECT_EQ(world_.put(key, json::object{{"permissions", json::object()}}, token_).data("/permissions"),
            kNothingAllowed);
  EXPECT_EQ(world_.put(key, json::object{{"rateLimit", "250"}}, token_).data("/rateLimit"), json::value(250));
  EXPECT_EQ(world_.put(key, json::object{{"expiresAt", "2099-01-01T00:00:00Z"}}, token_).text("/expiresAt"),
            "2099-01-01T00:00:00.000Z");
  EXPECT_EQ(world_.put(key, json::object{{"expiresAt", nullptr}}, token_).data("/expiresAt"),
            json::value(nullptr));
  EXPECT_EQ(world_.put(key, json::object{{"isActive", false}}, token_).data("/isActive"), json::value(false));
  EXPECT_EQ(world_.put(key, json::object(), token_).status, 200);
}

TEST_F(ApiKeys, AreCheckedFieldByField) {
  const Answer answer = create({{"name", ""},
                                {"rateLimit", nullptr},
                                {"expiresAt", "2001-01-01"},
                                {"permissions", {{"messages", {{"send", "maybe"}}}, {"contacts", 3}}}});
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.refused(),
            "name: must have 1 to 100 characters; permissions.messages.send: must be true or false; "
            "permissions.contacts: must be an object; rateLimit: must be a whole number; expiresAt: must be "
            "in the future");
  EXPECT_EQ(create({{"name", "bot"}, {"permissions", json::array()}}).refused(),
            "permissions: must be an object");
  EXPECT_EQ(create({{"name", "bot"}, {"rateLimit", 10'001}}).refused(),
            "rateLimit: must be between 1 and 10000");
}

TEST_F(ApiKeys, AreAsManyAsTheTierAllows) {
  EXPECT_EQ(create({{"name", "one"}}).status, 201);
  const Answer second = create({{"name", "two"}});
  EXPECT_EQ(second.status, 400);
  EXPECT_EQ(second.code(), "SUBSCRIPTION_LIMIT_EXCEEDED");
}

TEST_F(ApiKeys, AreRenewedAndDeleted) {
  const Answer created = create({{"name", "bot"}});
  const std::string key = keys_ + "/" + created.text("/id");
  const Answer renewed = world_.post(key + "/regenerate", token_);
  EXPECT_EQ(renewed.status, 200);
  EXPECT_NE(renewed.data("/apiKey"), created.data("/apiKey"));
  EXPECT_EQ(renewed.data("/id"), created.data("/id"));
  EXPECT_EQ(renewed.data("/usageCount"), json::value(0));

  EXPECT_EQ(world_.remove(key, token_).status, 200);
  for (const Answer& answer :
       {world_.get(key, token_), world_.remove(key, token_), world_.get(key + "/stats", token_),
        world_.put(key, json::object{{"name", "x"}}, token_), world_.post(key + "/regenerate", token_)}) {
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(answer.code(), "API_KEY_INVALID");
  }
}

TEST_F(ApiKeys, TellHowMuchTheyAreUsed) {
  const std::string key = keys_ + "/" + create({{"name", "bot"}}).text("/id");
  for (const std::string_view name : {"/stats", "/usage"}) {
    const Answer stats = world_.get(key + std::string(name), token_);
    EXPECT_EQ(stats.status, 200);
    EXPECT_EQ(stats.data("/totalUsage"), json::value(0));
    EXPECT_EQ(stats.data("/isActive"), json::value(nullptr));
  }
}

TEST_F(ApiKeys, OfOtherSubscriptionsDoNotExist) {
  const std::string key = keys_ + "/" + create({{"name", "bot"}}).text("/id");
  const std::string stranger = world_.register_user("bob@example.com");
  for (const Answer& answer :
       {world_.get(keys_, stranger), world_.get(key, stranger), world_.remove(key, stranger),
        world_.put(key, json::object{{"name", "mine"}}, stranger), world_.post(key + "/regenerate", stranger),
        world_.post(keys_, json::object{{"name", "mine"}}, stranger), world_.get(key + "/stats", stranger)}) {
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(answer.code(), "INSTANCE_NOT_FOUND");
  }
  const std::string other = world_.create_instance(stranger, "other");
  const std::string key_id = key.substr(keys_.size());
  EXPECT_EQ(world_.get("/api/instances/" + other + "/keys" + key_id, stranger).code(), "API_KEY_INVALID");
  EXPECT_EQ(world_.get("/api/instances/nonsense/keys", token_).code(), "INSTANCE_NOT_FOUND");
}

}  // namespace
}  // namespace patchbay::rest
