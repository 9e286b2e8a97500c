// /api/users
#include <gmock/gmock.h>

#include "world.h"

namespace patchbay::rest {
namespace {

namespace json = boost::json;

class Users : public testing::Test {
 protected:
  std::string add(std::string_view email, std::string_view role = "USER") {
    const Answer answer = world_.post(
        "/api/users",
        json::object{{"email", email}, {"password", "long enough"}, {"name", "Helper"}, {"role", role}},
        admin_);
    EXPECT_EQ(answer.status, 201) << json::serialize(answer.body);
    return answer.text("/user/id");
  }
  std::string log_in(std::string_view email) {
    return world_.post("/api/auth/login", json::object{{"email", email}, {"password", "long enough"}})
        .text("/token");
  }

  World world_;
  std::string admin_ = world_.register_user("admin@example.com");
  std::string admin_id_ = world_.get("/api/auth/me", admin_).text("/user/id");
};

TEST_F(Users, AreAddedListedReadChangedAndRemoved) {
  const std::string id = add("Helper@Example.com");
  const Answer list = world_.get("/api/users?sort=asc", admin_);
  EXPECT_EQ(list.data("/pagination/total"), json::value(2));
  EXPECT_EQ(list.text("/users/1/email"), "helper@example.com");
  EXPECT_EQ(list.data("/users/1/_count/instances"), json::value(0));

  EXPECT_EQ(world_.get("/api/users/" + id, admin_).text("/user/role"), "USER");
  const Answer changed =
      world_.put("/api/users/" + id, json::object{{"name", "Renamed"}, {"role", "ADMINISTRATOR"}}, admin_);
  EXPECT_EQ(changed.status, 200);
  EXPECT_EQ(changed.text("/user/name"), "Renamed");
  EXPECT_EQ(changed.text("/user/role"), "ADMINISTRATOR");

  EXPECT_EQ(world_.remove("/api/users/" + id, admin_).status, 200);
  EXPECT_EQ(world_.get("/api/users/" + id, admin_).code(), "USER_NOT_FOUND");
}

TEST_F(Users, AreTheBusinessOfAdministratorsOnly) {
  add("helper@example.com");
  const std::string helper = log_in("helper@example.com");
  const Answer answer = world_.get("/api/users", helper);
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.code(), "PERMISSION_DENIED");
  EXPECT_EQ(world_.get("/api/instances", helper).status, 200) << "they share the subscription's instances";
}

TEST_F(Users, OfOtherSubscriptionsDoNotExist) {
  world_.register_user("stranger@example.com");
  const std::string stranger_id = world_
                                      .post("/api/auth/login", json::object{{"email", "stranger@example.com"},
                                                                            {"password", "correct horse"}})
                                      .text("/user/id");
  EXPECT_EQ(world_.get("/api/users/" + stranger_id, admin_).status, 404);
  EXPECT_EQ(world_.put("/api/users/" + stranger_id, json::object{{"name", "Mine"}}, admin_).status, 404);
  EXPECT_EQ(world_.remove("/api/users/" + stranger_id, admin_).status, 404);
  EXPECT_EQ(world_.get("/api/users", admin_).data("/pagination/total"), json::value(1));
}

TEST_F(Users, LoseAccessAtOnceWhenTheyAreDisabled) {
  const std::string id = add("helper@example.com");
  const std::string helper = log_in("helper@example.com");
  EXPECT_EQ(world_.put("/api/users/" + id, json::object{{"isActive", false}}, admin_).status, 200);
  EXPECT_EQ(world_.get("/api/instances", helper).status, 401);
  EXPECT_EQ(world_.get("/api/instances", helper).code(), "AUTHENTICATION_ERROR");
  EXPECT_EQ(
      world_
          .post("/api/auth/login", json::object{{"email", "helper@example.com"}, {"password", "long enough"}})
          .code(),
      "INVALID_CREDENTIALS");
}

TEST_F(Users, CannotDemoteDisableOrRemoveThemselves) {
  for (const json::value& change : {json::value{{"role", "USER"}}, json::value{{"isActive", false}}}) {
    const Answer answer = world_.put("/api/users/" + admin_id_, change, admin_);
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.code(), "INVALID_OPERATION");
  }
  EXPECT_EQ(world_.remove("/api/users/" + admin_id_, admin_).code(), "INVALID_OPERATION");
}

TEST_F(Users, WhoOwnInstancesCannotBeRemoved) {
  const std::string id = add("helper@example.com");
  world_.create_instance(log_in("helper@example.com"), "shop");
  const Answer answer = world_.remove("/api/users/" + id, admin_);
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.code(), "USER_HAS_DEPENDENCIES");
}

TEST_F(Users, AreCheckedLikeEverythingElse) {
  const Answer answer = world_.post(
      "/api/users", json::object{{"email", "x"}, {"password", "seven77"}, {"name", "A"}, {"role", "KING"}},
      admin_);
  EXPECT_EQ(
      answer.refused(),
      "email: must be an e-mail address such as name@example.com; password: must have 8 to 128 characters; "
      "name: must have 2 to 100 characters; role: must be one of ADMINISTRATOR, USER");
  EXPECT_EQ(world_.put("/api/users/" + admin_id_, json::object{{"unknown", 1}}, admin_).code(),
            "VALIDATION_ERROR");
  EXPECT_EQ(world_.get("/api/users?sort_by=password", admin_).code(), "VALIDATION_ERROR");
  EXPECT_EQ(
      world_
          .post("/api/users",
                json::object{{"email", "admin@example.com"}, {"password", "long enough"}, {"name", "Twin"}},
                admin_)
          .code(),
      "USER_ALREADY_EXISTS");
}

TEST_F(Users, CountInTheUsageOfTheSubscription) {
  add("helper@example.com");
  world_.create_instance(admin_, "shop");
  const Answer usage = world_.get("/api/users/subscription/usage", admin_);
  EXPECT_EQ(usage.status, 200);
  EXPECT_EQ(usage.data("/subscription/usage/currentUsers"), json::value(2));
  EXPECT_EQ(usage.data("/subscription/usage/currentInstances"), json::value(1));
  EXPECT_EQ(usage.text("/subscription/instances/0/createdBy/email"), "admin@example.com");
}

}  // namespace
}  // namespace patchbay::rest
