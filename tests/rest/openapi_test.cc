#include <algorithm>

#include <gmock/gmock.h>

#include "openapi_checker.h"
#include "rest/api.h"
#include "world.h"

namespace patchbay::rest {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

TEST(OpenApi, DescribesExactlyTheRoutesThatThereAre) {
  World world;
  const std::vector<std::string> names = world.api().route_names();
  const OpenApiChecker checker(openapi_document());
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()), checker.operations());
  EXPECT_EQ(names.size(), checker.operations().size()) << "a route is there twice";
}

TEST(OpenApi, IsServedAsItIs) {
  World world;
  const Answer answer = world.get("/api/openapi.json");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, json::parse(openapi_document()));
}

// The checker guards every other test, so it must itself be able to say no.
TEST(OpenApiChecker, FindsWhatIsMissingWrongAndUnknown) {
  const OpenApiChecker checker(openapi_document());
  const auto check = [&checker](std::string_view text) {
    return checker.check("POST", "/api/auth/refresh", 200, json::parse(text));
  };
  const std::string good =
      R"({"success":true,"timestamp":"2026-11-23T19:00:00.000Z","request_id":"req_0123456789abcdef","data":{"token":"x"}})";
  EXPECT_EQ(check(good), "");
  EXPECT_THAT(check(R"({"success":false})"), HasSubstr("data is missing"));
  const auto altered = [&good](std::string_view from, std::string_view to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  EXPECT_THAT(check(altered("\"x\"", "5")), HasSubstr("data/token must be of type"));
  EXPECT_THAT(check(altered("\"token\":", "\"more\":1,\"token\":")),
              HasSubstr("data/more is not in the document"));
  EXPECT_THAT(check(altered("\"data\":", "\"more\":1,\"data\":")), HasSubstr("/more is not in the document"));
  EXPECT_THAT(check(altered("req_0", "req-0")), HasSubstr("must match"));
  EXPECT_THAT(check(altered(".000Z", "Z")), HasSubstr("must have the format"));
  EXPECT_THAT(checker.check("POST", "/api/auth/refresh", 418, json::parse(good)),
              HasSubstr("no such status"));
}

}  // namespace
}  // namespace patchbay::rest
