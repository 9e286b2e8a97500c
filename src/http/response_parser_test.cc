#include "http/response_parser.h"

#include <gtest/gtest.h>

namespace patchbay::http {
namespace {

using ResponseState = ResponseParser::State;

constexpr ResponseParser::Limits kLimits{.max_header_bytes = 300, .max_headers = 5, .max_body_bytes = 100};

struct Said {
  ResponseState state{};
  size_t taken = 0;
  std::string text;  // status, headers and body, or the error
  bool keep_alive = false;
  bool operator==(const Said&) const = default;
};

Said run(std::string_view stream, size_t piece, bool end, bool head = false) {
  ResponseParser parser(kLimits, head);
  Said said;
  while (said.taken < stream.size() && parser.state() == ResponseState::kNeedMore)
    said.taken += parser.feed(stream.substr(said.taken, piece));
  if (end) parser.finish();
  said.state = parser.state();
  if (said.state == ResponseState::kError) {
    said.text = parser.error();
    said.taken = 0;  // says nothing then
  } else if (said.state == ResponseState::kComplete) {
    said.keep_alive = parser.keep_alive();
    const ClientResponse response = parser.take_response();
    said.text = std::to_string(response.status);
    for (const auto& [name, value] : response.headers) said.text += "|" + name + "=" + value;
    said.text += "|" + response.body;
  }
  return said;
}

// Whole and byte by byte must agree.
Said parse_response(std::string_view stream, bool end = false, bool head = false) {
  const Said whole = run(stream, stream.size(), end, head);
  for (const size_t piece : {1u, 2u, 7u}) EXPECT_EQ(run(stream, piece, end, head), whole) << stream;
  return whole;
}

TEST(ResponseParser, ReadsAnswersHoweverTheyAreFramed) {
  struct Case {
    std::string_view stream;
    std::string_view text;
    bool keep_alive;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "200|content-length=2|ok", true},
           {"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "200|content-length=0|", true},
           {"HTTP/1.1 204 No Content\r\n\r\n", "204|", true},
           {"HTTP/1.1 400 Bad\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
            "400|connection=close|content-length=1|x", false},
           {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", "200|content-length=1|x", false},
           {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nT: "
            "v\r\n\r\n",
            "200|transfer-encoding=chunked|abc0123456789", true},
           {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\n"
            "Content-Length: 1\r\n\r\ny",
            "200|content-length=1|y", true}}) {
    const Said said = parse_response(c.stream);
    EXPECT_EQ(said.state, ResponseState::kComplete) << c.stream << said.text;
    EXPECT_EQ(said.text, c.text);
    EXPECT_EQ(said.keep_alive, c.keep_alive) << c.stream;
    EXPECT_EQ(said.taken, c.stream.size());
  }
}

TEST(ResponseParser, LeavesWhatFollowsAnUpgradeAlone) {
  const std::string_view answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
  const Said said = run(std::string(answer) + "\x81\x01x", 1000, false);
  EXPECT_EQ(said.state, ResponseState::kComplete);
  EXPECT_EQ(said.taken, answer.size());
}

TEST(ResponseParser, TakesTheEndOfTheConnectionForTheEndOfABodyWithoutLength) {
  EXPECT_EQ(parse_response("HTTP/1.1 200 OK\r\n\r\nall of it", true).text, "200|all of it");
  EXPECT_EQ(parse_response("HTTP/1.1 200 OK\r\n\r\nall of it", false).state, ResponseState::kNeedMore);
  for (const std::string_view cut : {"", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no",
                                     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"})
    EXPECT_EQ(parse_response(cut, true).state, ResponseState::kError) << cut;
}

TEST(ResponseParser, KnowsThatAnAnswerToHeadHasNoBody) {
  EXPECT_EQ(parse_response("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", false, true).state,
            ResponseState::kComplete);
}

TEST(ResponseParser, RefusesWhatCouldBeReadInTwoWays) {
  for (const std::string_view stream :
       {"GET / HTTP/1.1\r\n",
        "HTTP/2 200 OK\r\n",
        "HTTP/1.1 2000 OK\r\n",
        "HTTP/1.1 20 OK\r\n",
        "HTTP/1.1 600 x\r\n",
        "HTTP/1.1 200 OK\n",
        "\r\n",
        "HTTP/1.1 200 \x01\r\n",
        "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n",
        "HTTP/1.1 200 OK\r\nA b: c\r\n",
        "HTTP/1.1 200 OK\r\nnothing\r\n",
        "HTTP/1.1 200 OK\r\nA: \x01\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n"})
    EXPECT_EQ(parse_response(stream).state, ResponseState::kError) << stream;
}

TEST(ResponseParser, HoldsAnswersToTheirLimits) {
  EXPECT_NE(parse_response("HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n").text.find("100 bytes"),
            std::string::npos);
  EXPECT_EQ(parse_response("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n").state,
            ResponseState::kError);
  EXPECT_EQ(parse_response("HTTP/1.1 200 OK\r\n\r\n" + std::string(101, 'x')).state, ResponseState::kError);
  EXPECT_EQ(parse_response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n").state,
            ResponseState::kError);
  EXPECT_EQ(parse_response("HTTP/1.1 200 OK\r\nA: " + std::string(300, 'x')).state, ResponseState::kError);
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 6; ++i) many += "A: b\r\n";
  EXPECT_EQ(parse_response(many).state, ResponseState::kError);
  // Interim answers without end are bounded as well.
  std::string interim;
  for (int i = 0; i < 20; ++i) interim += "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_EQ(parse_response(interim).state, ResponseState::kError);
  std::string extensions = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 40; ++i) extensions += "1;0123456789\r\nx\r\n";
  EXPECT_EQ(parse_response(extensions).state, ResponseState::kError);
}

TEST(ClientMessage, WritesARequest) {
  std::string out;
  ASSERT_TRUE(append_request(
      out, {.method = Method::kPost, .target = "/a?b=c", .headers = {{"X-One", "1"}}, .body = "hi"}, "h:1"));
  EXPECT_EQ(out, "POST /a?b=c HTTP/1.1\r\nHost: h:1\r\nX-One: 1\r\nContent-Length: 2\r\n\r\nhi");
}

TEST(ClientMessage, RefusesWhatWouldSmuggleALine) {
  std::string out;
  EXPECT_FALSE(append_request(out, {.target = "/a\r\nb"}, "h"));
  EXPECT_FALSE(append_request(out, {.target = "a"}, "h"));
  EXPECT_FALSE(append_request(out, {.headers = {{"A", "b\r\nc: d"}}}, "h"));
  EXPECT_FALSE(append_request(out, {.headers = {{"A b", "c"}}}, "h"));
  EXPECT_FALSE(append_request(out, {.headers = {{"content-LENGTH", "5"}}}, "h"));
  EXPECT_FALSE(append_request(out, {}, "h\r\n"));
  EXPECT_EQ(out, "");
}

TEST(ClientMessage, TellsWhatARefusalSaid) {
  EXPECT_EQ(describe({.status = 403, .body = R"({"code":4,"message":"not \u0007here"})"}),
            "the server answered 403 Forbidden: not here");
  EXPECT_EQ(describe({.status = 502, .body = "<html>"}), "the server answered 502 Bad Gateway");
  EXPECT_LT(describe({.status = 400, .body = "{\"message\":\"" + std::string(5000, 'x') + "\"}"}).size(),
            400u);
}

}  // namespace
}  // namespace patchbay::http
