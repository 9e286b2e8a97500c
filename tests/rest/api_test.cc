// What every route has in common: envelopes, headers, authentication, refusals.
#include <atomic>
#include <set>
#include <thread>

#include <gmock/gmock.h>

#include "world.h"

namespace patchbay::rest {
namespace {

namespace json = boost::json;
using http::Method;
using testing::HasSubstr;
using testing::MatchesRegex;

TEST(Api, PutsTheRequestIdIntoBodyAndHeader) {
  World world;
  const Answer first = world.get("/api/version");
  EXPECT_THAT(first.header("X-Request-ID"), MatchesRegex("req_[0-9a-f]{16}"));
  EXPECT_EQ(first.body.at("request_id").as_string(), first.header("X-Request-ID"));
  EXPECT_NE(world.get("/api/version").header("X-Request-ID"), first.header("X-Request-ID"));
}

TEST(Api, SaysErrorsAtTheTopLevelToo) {
  World world;
  const Answer answer = world.get("/api/nowhere");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.code(), "RESOURCE_NOT_FOUND");
  EXPECT_EQ(answer.body.at("message"), answer.body.at("error").at("message"));
  EXPECT_THAT(std::string(answer.body.at("message").as_string()), HasSubstr("GET /api/nowhere"));
  EXPECT_EQ(answer.body.at("error").at("details"), json::value(json::object()));
  EXPECT_NE(answer.header("X-Request-ID"), "");
}

TEST(Api, TellsBrowsersNotToGuessAndNotToKeep) {
  World world;
  const Answer answer = world.get("/health");
  EXPECT_EQ(answer.header("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(answer.header("X-Frame-Options"), "SAMEORIGIN");
  EXPECT_EQ(answer.header("Cache-Control"), "no-store");
  EXPECT_EQ(answer.header("Strict-Transport-Security"), "") << "means nothing over plain HTTP";
  http::Request request = World::request(Method::kGet, "/health");
  request.secure = true;
  EXPECT_EQ(world.send(request).header("Strict-Transport-Security"), "max-age=31536000; includeSubDomains");
}

TEST(Api, ReportsHealthAndVersionToAnybody) {
  World world;
  const Answer health = world.get("/health");
  EXPECT_EQ(health.text("/status"), "OK");
  EXPECT_EQ(health.text("/database/status"), "healthy");
  EXPECT_EQ(health.text("/environment"), "production");
  const Answer version = world.get("/api/version");
  EXPECT_EQ(version.text("/version"), "9.8.7");
  EXPECT_EQ(version.data("/simulation"), json::value(true));
  EXPECT_EQ(version.text("/qrFormat"), "data-url");
  EXPECT_EQ(world.get("/api").text("/endpoints/instances"), "/api/instances");
}

TEST(Api, IsUnhealthyWhenTheDatabaseIs) {
  WorldOptions options;
  options.api.check_database = [] {
    return Status(fail(ErrorCode::kDatabase, "it is locked", "SQLITE_BUSY"));
  };
  World world(std::move(options));
  const Answer answer = world.get("/health");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.code(), "SERVICE_UNAVAILABLE");
  EXPECT_THAT(json::serialize(answer.body), HasSubstr("it is locked"));
  EXPECT_THAT(json::serialize(answer.body), Not(HasSubstr("SQLITE_BUSY"))) << "causes are for the log";
}

TEST(Api, TurnsExceptionsIntoInternalErrorsThatTellNothing) {
  WorldOptions options;
  options.api.check_database = []() -> Status { throw std::runtime_error("the secret cause"); };
  World world(std::move(options));
  const Answer answer = world.get("/health");
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.code(), "INTERNAL_ERROR");
  EXPECT_EQ(answer.body.at("error").at("details").at("request_id").as_string(),
            answer.header("X-Request-ID"));
  EXPECT_THAT(json::serialize(answer.body), Not(HasSubstr("secret")));
}

TEST(Api, NamesTheMethodsThatWork) {
  World world;
  const Answer answer = world.send(World::request(Method::kPatch, "/api/instances"));
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.code(), "METHOD_NOT_ALLOWED");
  EXPECT_EQ(answer.header("Allow"), "GET, HEAD, POST");
  EXPECT_EQ(world.send(World::request(Method::kOther, "/api/auth/login")).header("Allow"), "POST");
  EXPECT_EQ(world.send(World::request(Method::kOptions, "/api/auth/login")).status, 204);
}

TEST(Api, AnswersUnknownPathsWithoutAskingForAToken) {
  World world;
  for (const std::string_view path :
       {"/api/nope", "/api/instances/x/y/z", "/api/auth", "/api//version", "/healthy"}) {
    EXPECT_EQ(world.get(path).status, 404) << path;
  }
}

TEST(Api, WantsATokenForEverythingElse) {
  World world;
  for (const std::string& name : world.api().route_names()) {
    const size_t space = name.find(' ');
    std::string path = name.substr(space + 1);
    for (const std::string_view parameter : {"{id}", "{keyId}"}) {
      if (const size_t at = path.find(parameter); at != std::string::npos) {
        path.replace(at, parameter.size(), "cmf2k9x0a0001l8046h3d7v2q");
      }
    }
    http::Request request = World::request(Method::kGet, path);
    for (const Method method : {Method::kGet, Method::kPost, Method::kPut, Method::kDelete}) {
      if (http::to_string(method) == name.substr(0, space)) request.method = method;
    }
    static const std::set<std::string> kPublic{"GET /health",
                                               "GET /api",
                                               "GET /api/version",
                                               "GET /api/openapi.json",
                                               "POST /api/auth/register",
                                               "POST /api/auth/login"};
    const Answer answer = world.send(request);
    if (kPublic.contains(name)) {
      EXPECT_NE(answer.status, 401) << name;
    } else {
      EXPECT_EQ(answer.status, 401) << name;
      EXPECT_EQ(answer.code(), "AUTHENTICATION_ERROR") << name;
      EXPECT_EQ(answer.header("WWW-Authenticate"), "Bearer") << name;
    }
  }
}

TEST(Api, TellsBadCredentialsApart) {
  World world;
  const std::string token = world.register_user("ann@example.com");
  const auto code = [&world](std::string authorization) {
    http::Request request = World::request(Method::kGet, "/api/auth/me");
    request.headers.emplace_back("authorization", std::move(authorization));
    return world.send(request).code();
  };
  EXPECT_EQ(code("Bearer " + token), "");
  EXPECT_EQ(code("bearer  " + token + " "), "");
  EXPECT_EQ(code("Basic YTpi"), "AUTHENTICATION_ERROR");
  EXPECT_EQ(code("Bearer"), "AUTHENTICATION_ERROR");
  EXPECT_EQ(code("Bearer "), "AUTHENTICATION_ERROR");
  EXPECT_EQ(code(token), "AUTHENTICATION_ERROR");
  EXPECT_EQ(code("Bearer " + token + "x"), "TOKEN_INVALID");
  EXPECT_EQ(code("Bearer a.b.c"), "TOKEN_INVALID");
  EXPECT_EQ(code("Bearer .."), "TOKEN_INVALID");
  EXPECT_EQ(code("Bearer wa_" + std::string(64, 'a')), "AUTHENTICATION_ERROR");
  EXPECT_EQ(code("Bearer " + std::string(100'000, 'a') + ".b.c"), "TOKEN_INVALID");
}

TEST(Api, RefusesApiKeysOnManagementRoutes) {
  World world;
  const std::string token = world.register_user("ann@example.com");
  const std::string id = world.create_instance(token, "shop");
  const std::string key =
      world.post("/api/instances/" + id + "/keys", json::object{{"name", "bot"}}, token).text("/apiKey");
  ASSERT_THAT(key, MatchesRegex("wa_[0-9a-f]{64}"));
  for (const std::string& target :
       {std::string("/api/instances"), "/api/instances/" + id, "/api/instances/" + id + "/keys",
        std::string("/api/auth/me"), std::string("/api/users")}) {
    const Answer answer = world.get(target, key);
    EXPECT_EQ(answer.status, 401) << target;
    EXPECT_EQ(answer.code(), "AUTHENTICATION_ERROR") << target;
  }
  EXPECT_EQ(world.post("/api/auth/refresh", key).status, 401) << "a key must not mint a token";
}

TEST(Api, RefusesBodiesItCannotRead) {
  World world;
  const auto answer = [&world](std::string body, std::string_view type) {
    http::Request request = World::request(Method::kPost, "/api/auth/login");
    request.body = std::move(body);
    if (!type.empty()) request.headers.emplace_back("content-type", type);
    return world.send(std::move(request));
  };
  EXPECT_EQ(answer("{", "application/json").status, 400);
  EXPECT_EQ(answer("{", "application/json").code(), "VALIDATION_ERROR");
  EXPECT_EQ(answer("[1]", "application/json").code(), "VALIDATION_ERROR");
  EXPECT_EQ(answer("email=a&password=b", "application/x-www-form-urlencoded").status, 415);
  EXPECT_EQ(answer("{\"a\":\"" + std::string(2'000'000, 'x') + "\"}", "application/json").status, 413);
  EXPECT_EQ(answer(std::string(1'000, '\xfe'), "").code(), "VALIDATION_ERROR");
  EXPECT_EQ(answer("", "").code(), "VALIDATION_ERROR");
}

TEST(Api, SaysWhetherWhatsAppIsBehindIt) {
  WorldOptions options;
  options.api.simulation = false;
  World world(std::move(options));
  EXPECT_EQ(world.get("/api/version").data("/simulation"), json::value(false));
}

TEST(Api, ServesManyThreadsAtOnce) {
  World world;
  const std::string token = world.register_user("ann@example.com");
  const std::string id = world.create_instance(token, "shop");
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&world, &token, &id, &good, t] {
      for (int i = 0; i < 20; ++i) {
        const std::string name = "shop-" + std::to_string(t) + "-" + std::to_string(i);
        good += world.put("/api/instances/" + id, json::object{{"name", name}}, token).status == 200;
        good += world.get("/api/instances", token).status == 200;
        good +=
            world.post("/api/instances/" + id + (i % 2 == 0 ? "/connect" : "/disconnect"), token).status ==
            200;
        good += world.get("/api/instances/" + id + "/events?limit=5", token).status == 200;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 4 * 20 * 4);
}

TEST(Api, KnowsItsOwnPaths) {
  EXPECT_TRUE(Api::owns("/api"));
  EXPECT_TRUE(Api::owns("/api/anything"));
  EXPECT_TRUE(Api::owns("/health"));
  EXPECT_FALSE(Api::owns("/apis"));
  EXPECT_FALSE(Api::owns("/healthy"));
  EXPECT_FALSE(Api::owns("/"));
  EXPECT_FALSE(Api::owns("/socket.io/"));
}

}  // namespace
}  // namespace patchbay::rest
