// /api/instances and their events.
#include <gmock/gmock.h>

#include "world.h"

namespace patchbay::rest {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::StartsWith;

class Instances : public testing::Test {
 protected:
  std::string path(std::string_view id, std::string_view rest = "") {
    return "/api/instances/" + std::string(id) + std::string(rest);
  }

  World world_;
  std::string token_ = world_.register_user("ann@example.com");
};

TEST_F(Instances, AreCreatedAndRead) {
  const Answer created = world_.post(
      "/api/instances",
      json::object{{"name", "shop-1"}, {"displayName", "Shop"}, {"description", "The shop"}}, token_);
  EXPECT_EQ(created.status, 201);
  EXPECT_EQ(created.text("/instance/status"), "DISCONNECTED");
  EXPECT_EQ(created.text("/instance/createdBy/email"), "ann@example.com");

  const Answer read = world_.get(path(created.text("/instance/id")), token_);
  EXPECT_EQ(read.status, 200);
  EXPECT_EQ(read.text("/instance/name"), "shop-1");
  EXPECT_EQ(read.text("/instance/description"), "The shop");
  EXPECT_EQ(read.data("/instance/settings"), json::value(json::object()));
  EXPECT_EQ(read.data("/instance/qrCode"), json::value(nullptr));
  EXPECT_EQ(read.text("/instance/desiredState"), "DISCONNECTED");
  EXPECT_EQ(read.data("/instance/_count/apiKeys"), json::value(0));
}

TEST_F(Instances, FillTheDefaultsOfSettingsThatAreSent) {
  const Answer created = world_.post(
      "/api/instances", json::object{{"name", "shop"}, {"settings", {{"autoReconnect", "false"}}}}, token_);
  const json::value settings =
      world_.get(path(created.text("/instance/id")), token_).data("/instance/settings");
  EXPECT_EQ(settings, json::value({{"autoReconnect", false},
                                   {"markOnlineOnConnect", true},
                                   {"syncFullHistory", false},
                                   {"defaultQueryTimeoutMs", 60000},
                                   {"connectTimeoutMs", 60000},
                                   {"keepAliveIntervalMs", 30000}}));
}

TEST_F(Instances, AreCheckedFieldByField) {
  const Answer answer = world_.post(
      "/api/instances",
      json::object{{"name", "my shop"}, {"settings", {{"connectTimeoutMs", 5}, {"autoReconnect", 1}}}},
      token_);
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.refused(),
            "name: may hold letters, digits, - and _ only; settings.autoReconnect: must be true or false; "
            "settings.connectTimeoutMs: must be between 10000 and 120000");
  EXPECT_EQ(world_.post("/api/instances", json::object{{"name", "ab"}}, token_).code(), "VALIDATION_ERROR");
  EXPECT_EQ(world_.post("/api/instances", json::object(), token_).refused(), "name: is required");
}

TEST_F(Instances, HaveNamesOfTheirOwn) {
  world_.create_instance(token_, "shop");
  const Answer twin = world_.post("/api/instances", json::object{{"name", "shop"}}, token_);
  EXPECT_EQ(twin.status, 409);
  EXPECT_EQ(twin.code(), "INSTANCE_ALREADY_EXISTS");
  world_.create_instance(world_.register_user("bob@example.com"), "shop");
}

TEST_F(Instances, AreLimitedBySubscription) {
  for (int i = 0; i < 5; ++i) world_.create_instance(token_, "shop-" + std::to_string(i));
  const Answer sixth = world_.post("/api/instances", json::object{{"name", "shop-6"}}, token_);
  EXPECT_EQ(sixth.status, 403);
  EXPECT_EQ(sixth.code(), "INSTANCE_LIMIT_REACHED");
  const Answer usage = world_.get("/api/instances/subscription/usage", token_);
  EXPECT_EQ(usage.data("/usage/usage/currentInstances"), json::value(5));
  EXPECT_EQ(usage.data("/usage/limits/maxInstances"), json::value(5));
}

TEST_F(Instances, AreListedByPageFilterAndSearch) {
  for (const char* name : {"alpha", "beta", "gamma"}) world_.create_instance(token_, name);
  const Answer page = world_.get("/api/instances?per_page=2&page=2&sort=asc&sort_by=name", token_);
  EXPECT_EQ(page.data("/pagination"), json::value({{"page", 2},
                                                   {"per_page", 2},
                                                   {"total", 3},
                                                   {"total_pages", 2},
                                                   {"has_next", false},
                                                   {"has_prev", true}}));
  EXPECT_EQ(page.text("/instances/0/name"), "gamma");
  EXPECT_EQ(world_.get("/api/instances?search=ET", token_).text("/instances/0/name"), "beta");
  EXPECT_EQ(world_.get("/api/instances?search=%25", token_).data("/pagination/total"), json::value(0));
  for (const char* status : {"INIT", "QR_REQUIRED", "CONNECTED", "RECONNECTING", "ERROR"}) {
    EXPECT_EQ(world_.get("/api/instances?status=" + std::string(status), token_).data("/pagination/total"),
              json::value(0));
  }
  EXPECT_EQ(world_.get("/api/instances?status=DISCONNECTED", token_).data("/pagination/total"),
            json::value(3));
  EXPECT_EQ(
      world_.get("/api/instances?page=0&per_page=101&sort=up&sort_by=id&status=CONNECTING", token_).refused(),
      "page: must be between 1 and 1000000; per_page: must be between 1 and 100; sort: must be one of asc, "
      "desc; "
      "sort_by: must be one of createdAt, updatedAt, name, status, lastConnectedAt; "
      "status: must be one of INIT, QR_REQUIRED, CONNECTED, DISCONNECTED, RECONNECTING, ERROR");
}

TEST_F(Instances, AreRenamedAndGivenNewSettings) {
  const std::string id = world_.create_instance(token_, "shop");
  const Answer changed = world_.put(
      path(id), json::object{{"name", "store"}, {"settings", {{"syncFullHistory", true}}}}, token_);
  EXPECT_EQ(changed.status, 200);
  EXPECT_EQ(changed.text("/instance/name"), "store");
  EXPECT_EQ(changed.data("/instance/settings"), json::value({{"syncFullHistory", true}}));
  EXPECT_EQ(world_.put(path(id), json::object{{"color", "red"}}, token_).code(), "VALIDATION_ERROR");
  world_.create_instance(token_, "other");
  EXPECT_EQ(world_.put(path(id), json::object{{"name", "other"}}, token_).code(), "INSTANCE_ALREADY_EXISTS");
}

TEST_F(Instances, AreDeleted) {
  const std::string id = world_.create_instance(token_, "shop");
  const Answer deleted = world_.remove(path(id), token_);
  EXPECT_EQ(deleted.status, 200);
  EXPECT_EQ(deleted.text("/instanceName"), "shop");
  EXPECT_EQ(world_.get(path(id), token_).status, 404);
  EXPECT_EQ(world_.remove(path(id), token_).code(), "INSTANCE_NOT_FOUND");
}

TEST_F(Instances, OfOtherSubscriptionsDoNotExist) {
  const std::string id = world_.create_instance(token_, "shop");
  const std::string stranger = world_.register_user("bob@example.com");
  for (const Answer& answer :
       {world_.get(path(id), stranger), world_.put(path(id), json::object{{"name", "mine"}}, stranger),
        world_.remove(path(id), stranger), world_.get(path(id, "/status"), stranger),
        world_.get(path(id, "/qr"), stranger), world_.get(path(id, "/events"), stranger),
        world_.post(path(id, "/connect"), stranger), world_.post(path(id, "/disconnect"), stranger),
        world_.post(path(id, "/restart"), stranger), world_.post(path(id, "/logout"), stranger)}) {
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(answer.code(), "INSTANCE_NOT_FOUND");
  }
  EXPECT_EQ(world_.get("/api/instances", stranger).data("/pagination/total"), json::value(0));
}

TEST_F(Instances, HaveIdsOfOneForm) {
  for (const std::string_view id : {"1", "subscription", "cmf2k9x0a0001l8046h3d7v2",
                                    "cmf2k9x0a0001l8046h3d7v2qq", "cmf2k9x0a0001l8046h3d7v2'"}) {
    const Answer answer = world_.get(path(id), token_);
    EXPECT_EQ(answer.status, 400) << id;
    EXPECT_THAT(answer.refused(), StartsWith("id: ")) << id;
  }
  EXPECT_EQ(world_.get(path("cmf2k9x0a0001l8046h3d7v2q"), token_).status, 404);
}

TEST_F(Instances, ConnectByAScannedCode) {
  const std::string id = world_.create_instance(token_, "shop");
  EXPECT_EQ(world_.get(path(id, "/qr"), token_).data("/qrCode"), json::value(nullptr));
  EXPECT_EQ(world_.post(path(id, "/connect"), token_).status, 200);
  world_.await_status(token_, id, "QR_REQUIRED");

  const Answer qr = world_.get(path(id, "/qr"), token_);
  EXPECT_THAT(qr.text("/qrCode"), StartsWith("data:image/png;base64,"));
  EXPECT_THAT(qr.text("/qrText"), StartsWith("2@"));
  EXPECT_EQ(qr.data("/attempt"), json::value(1));
  EXPECT_EQ(qr.data("/simulation"), json::value(true));
  const Answer waiting = world_.get(path(id), token_);
  EXPECT_EQ(waiting.data("/instance/qrCode"), qr.data("/qrCode"));
  EXPECT_EQ(waiting.text("/instance/nextStep/what"), "SCAN_QR");
  EXPECT_EQ(waiting.text("/instance/desiredState"), "CONNECTED");

  world_.play(id, {.action = Scene::kScan, .phone = "15551234567", .display_name = "Ann"});
  world_.await_status(token_, id, "CONNECTED");
  const Answer connected = world_.get(path(id), token_);
  EXPECT_EQ(connected.text("/instance/phone"), "15551234567");
  EXPECT_EQ(connected.data("/instance/qrCode"), json::value(nullptr));
  EXPECT_EQ(connected.data("/instance/realTimeStatus/isConnected"), json::value(true));
  EXPECT_EQ(world_.get(path(id, "/qr"), token_).data("/qrText"), json::value(nullptr));
}

TEST_F(Instances, DisconnectRestartAndLogOut) {
  const std::string id = world_.create_instance(token_, "shop");
  world_.link(token_, id);
  EXPECT_EQ(world_.post(path(id, "/disconnect"), token_).status, 200);
  world_.await_status(token_, id, "DISCONNECTED");
  EXPECT_EQ(world_.post(path(id, "/connect"), token_).status, 200);
  world_.await_status(token_, id, "CONNECTED");
  EXPECT_EQ(world_.post(path(id, "/restart"), token_).status, 200);
  world_.await_status(token_, id, "CONNECTED");
  const Answer logout = world_.post(path(id, "/logout"), token_);
  EXPECT_EQ(logout.status, 200);
  EXPECT_EQ(logout.text("/status"), "DISCONNECTED");
  const Answer after = world_.get(path(id), token_);
  EXPECT_EQ(after.data("/instance/phone"), json::value(nullptr));
  EXPECT_EQ(after.text("/instance/desiredState"), "LOGGED_OUT");
}

TEST_F(Instances, SayWhyAndWhatComesNext) {
  const std::string id = world_.create_instance(token_, "shop");
  world_.link(token_, id);
  world_.play(id, {.action = Scene::kDrop});
  world_.await_status(token_, id, "RECONNECTING");
  const Answer status = world_.get(path(id, "/status"), token_);
  EXPECT_EQ(status.text("/status/reason/code"), "NETWORK_LOST");
  EXPECT_EQ(status.text("/status/nextStep/what"), "RECONNECT");
  EXPECT_NE(status.data("/status/nextStep/at"), json::value(nullptr));
  EXPECT_EQ(status.text("/status/desiredState"), "CONNECTED");
}

TEST_F(Instances, KeepAGaplessLogOfTheirEvents) {
  const std::string id = world_.create_instance(token_, "shop");
  world_.link(token_, id);
  const Answer all = world_.get(path(id, "/events"), token_);
  EXPECT_EQ(all.status, 200);
  const json::value events = all.data("/events");
  ASSERT_GE(events.as_array().size(), 4u);
  int64_t seq = 0;
  std::string types;
  for (const json::value& event : events.as_array()) {
    EXPECT_EQ(event.at("seq").to_number<int64_t>(), ++seq);
    EXPECT_EQ(event.at("payload").at("instanceId").as_string(), id);
    EXPECT_EQ(event.at("payload").at("seq"), event.at("seq"));
    types += std::string(event.at("type").as_string()) + " ";
  }
  EXPECT_THAT(types, HasSubstr("instance:status:changed instance:qr:generated "));
  EXPECT_THAT(types, HasSubstr("instance:connected "));
  EXPECT_EQ(all.data("/lastSeq"), json::value(seq));
  EXPECT_EQ(all.data("/nextAfter"), json::value(seq));
  EXPECT_EQ(all.data("/hasMore"), json::value(false));

  const Answer one = world_.get(path(id, "/events?after=1&limit=1"), token_);
  EXPECT_EQ(one.data("/events/0/seq"), json::value(2));
  EXPECT_EQ(one.data("/events").as_array().size(), 1u);
  EXPECT_EQ(one.data("/nextAfter"), json::value(2));
  EXPECT_EQ(one.data("/hasMore"), json::value(true));
  EXPECT_EQ(world_.get(path(id, "/events?after=" + std::to_string(seq)), token_).data("/nextAfter"),
            json::value(seq));
  EXPECT_EQ(world_.get(path(id, "/events?after=-1&limit=1001"), token_).refused(),
            "after: must be at least 0; limit: must be between 1 and 1000");
}

TEST_F(Instances, HaveAProxyWhosePasswordIsShownToNobody) {
  const Answer made = world_.post(
      "/api/instances", json::object{{"name", "shop"}, {"proxy", "socks5://ann:secret@proxy.example:1080"}},
      token_);
  ASSERT_EQ(made.status, 201);
  const std::string id = made.text("/instance/id");
  EXPECT_EQ(world_.get(path(id), token_).text("/instance/proxy"), "socks5://proxy.example:1080");
  EXPECT_EQ(world_.get("/api/instances", token_).text("/instances/0/proxy"), "socks5://proxy.example:1080");
  const Answer wrong = world_.put(path(id), json::object{{"proxy", "ftp://ann:secret@host"}}, token_);
  EXPECT_THAT(wrong.refused(), StartsWith("proxy: the address of the proxy is not usable"));
  EXPECT_THAT(json::serialize(wrong.body), testing::Not(HasSubstr("secret")));
  const Answer changed = world_.put(path(id), json::object{{"proxy", "http://[::1]:8080"}}, token_);
  EXPECT_EQ(changed.text("/instance/proxy"), "http://[::1]:8080");
  EXPECT_EQ(world_.put(path(id), json::object{{"name", "store"}}, token_).text("/instance/proxy"),
            "http://[::1]:8080")
      << "what is not sent stays";
  EXPECT_EQ(world_.put(path(id), json::object{{"proxy", nullptr}}, token_).data("/instance/proxy"),
            json::value(nullptr));
}

TEST(RawQrFormat, LeavesTheDrawingToThePanel) {
  WorldOptions options;
  options.api.qr_format = QrFormat::kRaw;
  World world(std::move(options));
  const std::string token = world.register_user("ann@example.com");
  const std::string id = world.create_instance(token, "shop");
  world.post("/api/instances/" + id + "/connect", token);
  world.await_status(token, id, "QR_REQUIRED");
  const Answer qr = world.get("/api/instances/" + id + "/qr", token);
  EXPECT_EQ(qr.data("/qrCode"), qr.data("/qrText"));
  EXPECT_THAT(qr.text("/qrCode"), StartsWith("2@"));
  EXPECT_EQ(world.get("/api/version").text("/qrFormat"), "raw");
}

}  // namespace
}  // namespace patchbay::rest
