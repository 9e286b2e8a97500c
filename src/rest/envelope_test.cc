#include "rest/envelope.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace patchbay::rest {
namespace {

namespace json = boost::json;

constexpr WallTime kNow{Milliseconds(1'700'000'000'007)};

std::string header(const http::Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

TEST(Envelope, WrapsASuccess) {
  const http::Response response = success(201, json::object{{"id", 1}}, "req_0", kNow);
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(header(response, "Content-Type"), "application/json; charset=utf-8");
  EXPECT_EQ(
      response.body,
      R"({"success":true,"timestamp":"2023-11-14T22:13:20.007Z","request_id":"req_0","data":{"id":1}})");
}

TEST(Envelope, SaysTheMessageOfAFailureTwice) {
  const http::Response response =
      failure(Failure(Error{ErrorCode::kInstanceNotFound, "gone", "hidden"}), "req_0", kNow);
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.body, R"({"success":false,"timestamp":"2023-11-14T22:13:20.007Z","message":"gone",)"
                           R"("error":{"code":"INSTANCE_NOT_FOUND","message":"gone","details":{}}})");
}

TEST(Envelope, ListsRefusedFieldsWithTheirValues) {
  Failure refused(Error{ErrorCode::kValidation, "no", {}});
  refused.fields = {{"limit", "is odd", "3"}, {"password", "is short", ""}};
  const json::value body = json::parse(failure(refused, "req_0", kNow).body);
  EXPECT_EQ(body.at("error").at("details"),
            json::parse(R"({"errors":[{"field":"limit","message":"is odd","value":3},
                                      {"field":"password","message":"is short"}]})"));
}

TEST(Envelope, LeadsFromAServersFaultToItsLog) {
  const http::Response response =
      failure(Failure(Error{ErrorCode::kDatabase, "no", "SQLITE_IOERR"}), "req_0", kNow);
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(json::parse(response.body).at("error").at("details"), json::parse(R"({"request_id":"req_0"})"));
  EXPECT_EQ(response.body.find("SQLITE"), std::string::npos);
}

TEST(Envelope, TakesAnotherStatusWhenTheEdgeKnowsBetter) {
  EXPECT_EQ(failure(Failure(Error{ErrorCode::kApiKeyInvalid, "no", {}}, 404), "req_0", kNow).status, 404);
}

TEST(Envelope, KeepsTheCacheRuleOfTheHandler) {
  http::Response response;
  response.set("Cache-Control", "no-cache");
  add_common_headers(response, "req_0", false);
  EXPECT_EQ(header(response, "Cache-Control"), "no-cache");
  EXPECT_EQ(header(response, "X-Request-ID"), "req_0");
}

}  // namespace
}  // namespace patchbay::rest
