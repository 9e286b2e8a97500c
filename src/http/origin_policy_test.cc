#include "http/origin_policy.h"

#include <gtest/gtest.h>

namespace patchbay::http {
namespace {

using OriginVerdict = OriginPolicy::Verdict;

Request asked_from(std::string origin, std::string host = "panel.example:8080",
                   Method method = Method::kGet) {
  Request request{.method = method, .path = "/"};
  request.headers.emplace_back("host", std::move(host));
  if (!origin.empty()) request.headers.emplace_back("origin", std::move(origin));
  return request;
}

std::string header(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return "-";
}

TEST(OriginPolicy, TellsOwnPagesListedOriginsAndStrangersApart) {
  const OriginPolicy policy({"http://localhost:3100"});
  EXPECT_EQ(policy.check(asked_from("")), OriginVerdict::kNone);
  EXPECT_EQ(policy.check(asked_from("http://panel.example:8080")), OriginVerdict::kSame);
  EXPECT_EQ(policy.check(asked_from("https://PANEL.example:8080")), OriginVerdict::kSame);
  EXPECT_EQ(policy.check(asked_from("http://localhost:3100")), OriginVerdict::kAllowed);
  for (const char* const stranger :
       {"http://localhost:3101", "https://localhost:3100", "http://panel.example",
        "http://panel.example:8080.evil", "null", "panel.example:8080"})
    EXPECT_EQ(policy.check(asked_from(stranger)), OriginVerdict::kRefused) << stranger;
}

TEST(OriginPolicy, AllowsCredentialsOnlyToOriginsOnTheList) {
  Response listed;
  OriginPolicy({"*", "http://a"}).add_headers(asked_from("http://a"), listed);
  EXPECT_EQ(header(listed, "access-control-allow-origin"), "http://a");
  EXPECT_EQ(header(listed, "access-control-allow-credentials"), "true");
  Response any;
  OriginPolicy({"*", "http://a"}).add_headers(asked_from("http://b"), any);
  EXPECT_EQ(header(any, "access-control-allow-origin"), "*");
  EXPECT_EQ(header(any, "access-control-allow-credentials"), "-");
  Response refused;
  OriginPolicy({"http://a"}).add_headers(asked_from("http://b"), refused);
  EXPECT_EQ(header(refused, "access-control-allow-origin"), "-");
  EXPECT_EQ(header(refused, "vary"), "Origin");
}

TEST(OriginPolicy, KeepsWhatElseTheAnswerVariesWith) {
  Response response;
  response.set("vary", "Accept-Encoding");
  const OriginPolicy policy({"http://a"});
  policy.add_headers(asked_from("http://a"), response);
  policy.add_headers(asked_from("http://a"), response);
  EXPECT_EQ(header(response, "vary"), "Accept-Encoding, Origin");
}

TEST(OriginPolicy, AnswersPreflightsAndNothingElse) {
  const OriginPolicy policy({"http://a"});
  Request preflight = asked_from("http://a", "x", Method::kOptions);
  EXPECT_FALSE(policy.preflight(preflight));
  preflight.headers.emplace_back("access-control-request-method", "PUT");
  ASSERT_TRUE(policy.preflight(preflight));
  EXPECT_EQ(policy.preflight(preflight)->status, 204);
  Request stranger = asked_from("http://b", "x", Method::kOptions);
  stranger.headers.emplace_back("access-control-request-method", "PUT");
  EXPECT_EQ(policy.preflight(stranger)->status, 403);
}

TEST(OriginPolicy, NamesTheOriginAndTheSettingWhenItRefusesButNotWithoutBound) {
  const OriginPolicy policy({}, "--some-setting");
  const std::string body = policy.refusal(asked_from("http://" + std::string(10'000, 'x'))).body;
  EXPECT_NE(body.find("--some-setting http://xxx"), std::string::npos);
  EXPECT_LT(body.size(), 3000u);
}

}  // namespace
}  // namespace patchbay::http
