#include "rest/router.h"

#include <gtest/gtest.h>

namespace patchbay::rest {
namespace {

using http::Method;

Outcome<http::Response> nothing(const Context&, const http::Request&, const PathParams&) {
  return http::Response();
}

constexpr Route kRoutes[] = {
    {Method::kGet, "/api", Access::kPublic, nothing},
    {Method::kGet, "/api/things", Access::kUser, nothing},
    {Method::kPost, "/api/things", Access::kUser, nothing},
    {Method::kGet, "/api/things/{id}", Access::kUser, nothing},
    {Method::kPut, "/api/things/{id}", Access::kUser, nothing},
    {Method::kGet, "/api/things/special", Access::kUser, nothing},
    {Method::kDelete, "/api/things/{id}/parts/{partId}", Access::kUser, nothing},
};

class RouterTest : public testing::Test {
 protected:
  RouterTest() { router_.add(kRoutes); }
  Router router_;
};

TEST_F(RouterTest, FindsTheRouteOfAMethodAndPath) {
  EXPECT_EQ(router_.match(Method::kGet, "/api").route, &router_.routes()[0]);
  EXPECT_EQ(router_.match(Method::kPost, "/api/things").route, &router_.routes()[2]);
}

TEST_F(RouterTest, HandsOverTheParametersByName) {
  const auto match = router_.match(Method::kDelete, "/api/things/7/parts/wheel");
  ASSERT_TRUE(match.route);
  EXPECT_EQ(match.params["id"], "7");
  EXPECT_EQ(match.params["partId"], "wheel");
  EXPECT_EQ(match.params["other"], "");
}

TEST_F(RouterTest, PrefersTheWordOverTheParameter) {
  EXPECT_EQ(router_.match(Method::kGet, "/api/things/special").route->pattern, "/api/things/special");
  EXPECT_EQ(router_.match(Method::kPut, "/api/things/special").params["id"], "special");
}

TEST_F(RouterTest, AnswersHeadLikeGet) {
  ASSERT_TRUE(router_.match(Method::kHead, "/api/things").route);
  EXPECT_EQ(router_.match(Method::kHead, "/api/things").route->method, Method::kGet);
}

TEST_F(RouterTest, IgnoresOneTrailingSlash) {
  EXPECT_TRUE(router_.match(Method::kGet, "/api/things/").route);
  EXPECT_FALSE(router_.match(Method::kGet, "/api/things//").route);
}

TEST_F(RouterTest, NamesTheMethodsOfAKnownPath) {
  const auto match = router_.match(Method::kDelete, "/api/things/7");
  EXPECT_FALSE(match.route);
  EXPECT_EQ(match.allow, "GET, HEAD, PUT");
}

TEST_F(RouterTest, KnowsNothingOfOtherPaths) {
  for (const std::string_view path : {"/", "/ap", "/api/", "/apix", "/api/thing", "/api/things/1/2",
                                      "/api//things", "/api/things/7/parts", "/api/things/7/parts/", "//"}) {
    const auto match = router_.match(Method::kPatch, path);
    EXPECT_FALSE(match.route) << path;
    EXPECT_EQ(match.allow, path == "/api/" ? "GET, HEAD" : "") << path;
  }
}

}  // namespace
}  // namespace patchbay::rest
