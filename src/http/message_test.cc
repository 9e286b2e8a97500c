#include "http/message.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace patchbay::http {
namespace {

TEST(Message, AnErrorHasTheEnvelopeOfTheContract) {
  const Response response = error_response(404, "RESOURCE_NOT_FOUND", "No \"such\"\nthing \x01 here.");
  EXPECT_EQ(response.status, 404);
  const auto body = boost::json::parse(response.body).as_object();
  EXPECT_FALSE(body.at("success").as_bool());
  EXPECT_EQ(body.at("message").as_string(), "No \"such\"\nthing \x01 here.");
  EXPECT_EQ(body.at("timestamp").as_string().size(), std::string("2026-11-23T19:00:00.000Z").size());
  const auto& error = body.at("error").as_object();
  EXPECT_EQ(error.at("code").as_string(), "RESOURCE_NOT_FOUND");
  EXPECT_EQ(error.at("message"), body.at("message"));
  EXPECT_TRUE(error.at("details").as_object().empty());
}

TEST(Message, AnErrorStaysJsonWhateverTheTextIs) {
  EXPECT_EQ(boost::json::parse(error_response(400, "X", "a\xff\xfe").body).at("message").as_string(), "a??");
}

TEST(Message, SettingAHeaderTwiceKeepsTheLastValue) {
  Response response;
  response.set("Content-Type", "a");
  response.set("vary", "origin");
  response.set("content-type", "b");
  ASSERT_EQ(response.headers.size(), 2u);
  EXPECT_EQ(response.headers[0].second, "b");
}

TEST(Message, AResponderThatIsDroppedAnswers500) {
  struct Sink final : Responder::Sink {
    explicit Sink(std::vector<int>& s) : statuses(s) {}
    void respond(Response response) override { statuses.push_back(response.status); }
    std::vector<int>& statuses;
  };
  std::vector<int> statuses;
  {
    const Responder dropped(std::make_unique<Sink>(statuses));
  }
  EXPECT_EQ(statuses, std::vector<int>{500});
  Responder moved(std::make_unique<Sink>(statuses));
  Responder used = std::move(moved);
  used(Response{.status = 204});
  used(Response{.status = 205});
  EXPECT_FALSE(used);
  EXPECT_EQ(statuses, (std::vector<int>{500, 204}));
  Responder replaced(std::make_unique<Sink>(statuses));
  replaced = Responder();
  EXPECT_EQ(statuses, (std::vector<int>{500, 204, 500}));
}

TEST(Message, HeadersAndQueryParametersAreFound) {
  Request request;
  request.headers = {{"host", "a"}, {"x-one", "1"}, {"x-one", "2"}};
  request.query = "a=1&b=x+y%21&bad=%z&a=2";
  EXPECT_EQ(request.header("x-one"), "1");
  EXPECT_EQ(request.header("x-two"), std::nullopt);
  EXPECT_EQ(request.query_parameter("b"), "x y!");
  EXPECT_EQ(request.query_parameter("a"), "1");
  EXPECT_EQ(request.query_parameter("bad"), std::nullopt);
}

TEST(Message, StatusesHaveTheirPhrases) {
  EXPECT_EQ(reason_phrase(431), "Request Header Fields Too Large");
  EXPECT_EQ(reason_phrase(799), "Unknown");
}

}  // namespace
}  // namespace patchbay::http
