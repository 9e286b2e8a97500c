#include "http/request_parser.h"

#include <algorithm>
#include <functional>
#include <random>

#include <gtest/gtest.h>

namespace patchbay::http {
namespace {

using RequestState = RequestParser::State;

// What came out of one request, as text, and how many bytes it took.
struct Outcome {
  std::string text;
  size_t taken = 0;
};

std::string describe_request(RequestParser& parser) {
  switch (parser.state()) {
    case RequestState::kNeedMore:
      return parser.headers_complete() ? "need more of the body" : "need more";
    case RequestState::kError:
      return std::to_string(parser.error().status) + " " + std::string(parser.error().code) + " " +
             parser.error().message;
    case RequestState::kComplete:
      break;
  }
  const bool keep_alive = parser.keep_alive();
  const Request request = parser.take_request();
  std::string text = std::string(to_string(request.method)) + " " + request.path + " ?" + request.query +
                     " 1." + std::to_string(request.version_minor) + (keep_alive ? " keep\n" : " close\n");
  for (const auto& [name, value] : request.headers) text += name + "=" + value + "\n";
  return text + "\n" + request.body;
}

Outcome run(std::string_view bytes, const RequestParser::Limits& limits,
            const std::function<size_t()>& next_piece) {
  RequestParser parser(limits);
  Outcome outcome;
  while (outcome.taken < bytes.size() && parser.state() == RequestState::kNeedMore) {
    const std::string_view piece = bytes.substr(outcome.taken, next_piece());
    const size_t taken = parser.feed(piece);
    outcome.taken += taken;
    if (parser.state() == RequestState::kNeedMore) {
      EXPECT_EQ(taken, piece.size());
    }
  }
  outcome.text = describe_request(parser);
  return outcome;
}

Outcome run_whole(std::string_view bytes, const RequestParser::Limits& limits = {}) {
  return run(bytes, limits, [&] { return bytes.size(); });
}

// The same whole, byte by byte and cut at random; returns what all of them said.
std::string parse(std::string_view bytes, const RequestParser::Limits& limits = {}) {
  const Outcome whole = run_whole(bytes, limits);
  EXPECT_EQ(run(bytes, limits, [] { return 1; }).text, whole.text) << bytes.substr(0, 300);
  std::minstd_rand random(7);
  for (int round = 0; round < 10; ++round)
    EXPECT_EQ(run(bytes, limits, [&] { return 1 + random() % 40; }).text, whole.text) << bytes.substr(0, 300);
  return whole.text;
}

int status(std::string_view bytes, const RequestParser::Limits& limits = {}) {
  const std::string text = parse(bytes, limits);
  return text.starts_with("need") ? 0 : (text[0] >= '0' && text[0] <= '9') ? std::stoi(text) : 200;
}

std::string get(std::string_view headers) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(headers) + "\r\n";
}
std::string post(std::string_view headers, std::string_view body) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + std::string(headers) + "\r\n" + std::string(body);
}
std::string chunked(std::string_view body) {
  return post("Transfer-Encoding: chunked\r\n", body);
}

TEST(RequestParser, ReadsAnOrdinaryRequest) {
  EXPECT_EQ(parse("GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: example.com:8080\r\nUser-Agent: "
                  " curl/8 \t\r\n"
                  "X-Empty:\r\nAccept: */*\r\n\r\n"),
            "GET /socket.io/ ?EIO=4&transport=polling 1.1 "
            "keep\nhost=example.com:8080\nuser-agent=curl/8\nx-empty=\naccept=*/*\n\n");
}

TEST(RequestParser, ReadsABodyOfTheLengthThatIsAnnounced) {
  EXPECT_EQ(parse(post("Content-Length: 5\r\n", "hello")),
            "POST / ? 1.1 keep\nhost=a\ncontent-length=5\n\nhello");
  EXPECT_EQ(parse(post("Content-Length: 0005\r\nContent-Length: 5\r\n", "hello")),
            "POST / ? 1.1 keep\nhost=a\ncontent-length=0005\ncontent-length=5\n\nhello");
  EXPECT_EQ(parse(post("Content-Length: 0\r\n", "")), "POST / ? 1.1 keep\nhost=a\ncontent-length=0\n\n");
  const std::string big(300'000, 'b');
  EXPECT_TRUE(run_whole(post("Content-Length: 300000\r\n", big)).text.ends_with("\n\n" + big));
}

TEST(RequestParser, ReadsAChunkedBodyAndDropsItsExtensionsAndTrailers) {
  EXPECT_EQ(parse(chunked("5\r\nhello\r\nA;name=\"v\"\r\n 0123 5678\r\n000\r\nX-Trailer: x\r\n\r\n")),
            "POST / ? 1.1 keep\nhost=a\ntransfer-encoding=chunked\n\nhello 0123 5678");
  EXPECT_EQ(parse(chunked("0\r\n\r\n")), "POST / ? 1.1 keep\nhost=a\ntransfer-encoding=chunked\n\n");
}

TEST(RequestParser, LeavesPipelinedRequestsToTheCaller) {
  const std::string first = post("Content-Length: 3\r\n", "abc");
  const std::string second = chunked("1\r\nx\r\n0\r\n\r\n");
  const std::string third = get("");
  std::string bytes = first + second + third;
  RequestParser parser({});
  for (const std::string& one : {first, second, third}) {
    const size_t taken = parser.feed(bytes);
    EXPECT_EQ(taken, one.size());
    EXPECT_EQ(parser.state(), RequestState::kComplete);
    EXPECT_EQ(parser.feed(bytes), 0u) << "nothing is taken while a request is complete";
    EXPECT_EQ(describe_request(parser), run_whole(one).text);
    parser.reset();
    bytes.erase(0, taken);
  }
}

TEST(RequestParser, NamesTheMethodsItKnows) {
  for (const char* method : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
    EXPECT_TRUE(
        parse(std::string(method) + " / HTTP/1.1\r\nHost: a\r\n\r\n").starts_with(std::string(method) + " /"))
        << method;
  for (const char* method : {"BREW", "get", "TRACE", "M-SEARCH", "PROPFINDPROPFIND"})
    EXPECT_TRUE(parse(std::string(method) + " / HTTP/1.1\r\nHost: a\r\n\r\n").starts_with("OTHER /"))
        << method;
}

TEST(RequestParser, AcceptsTheFormsOfTargetsThatServersMust) {
  EXPECT_TRUE(parse("GET http://other.example:81/a/../b%20c?x=1 HTTP/1.1\r\nHost: a\r\n\r\n")
                  .starts_with("GET /b c ?x=1 1.1 keep\nhost=other.example:81\n"));
  EXPECT_TRUE(parse("GET HTTPS://other.example?x HTTP/1.1\r\nHost: a\r\n\r\n")
                  .starts_with("GET / ?x 1.1 keep\nhost=other.example\n"));
  EXPECT_TRUE(parse("GET http://b HTTP/1.0\r\n\r\n").starts_with("GET / ? 1.0 close\nhost=b\n"));
  EXPECT_TRUE(parse("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").starts_with("OPTIONS / ?"));
}

TEST(RequestParser, RefusesOtherTargets) {
  for (const char* target :
       {"*", "a", "example.com:443", "ftp://a/", "http://", "http:///x", "http://u@h/", "://x", "/a b",
        "/a\tb", "/a#b", "/\x80", "/\x01", "/%", "/%00", "/../x", "/a%2fb", "\\", "//../.."})
    EXPECT_EQ(status("GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n"), 400) << target;
  EXPECT_EQ(status("CONNECT example.com:443 HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
}

TEST(RequestParser, RefusesBrokenRequestLines) {
  for (const char* line :
       {"GET", "GET /", "GET  / HTTP/1.1", "GET /  HTTP/1.1", " GET / HTTP/1.1", "GET / HTTP/1.1 ",
        "GET\t/ HTTP/1.1", "GET / http/1.1", "GET / HTTP/1", "GET / HTTP/11", "GET / XTTP/1.1",
        "G(T / HTTP/1.1", "/ HTTP/1.1", "\x16\x03\x01", "{\"json\":true}", "GET /\x00 HTTP/1.1"})
    EXPECT_EQ(status(std::string(line) + "\r\nHost: a\r\n\r\n"), 400) << line;
  EXPECT_EQ(status(std::string_view("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 29)), 400);
}

TEST(RequestParser, RefusesOtherVersions) {
  for (const char* version : {"HTTP/2.0", "HTTP/1.2", "HTTP/0.9", "HTTP/9.9"})
    EXPECT_EQ(status("GET / " + std::string(version) + "\r\nHost: a\r\n\r\n"), 505) << version;
  EXPECT_EQ(status("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
}

TEST(RequestParser, RefusesGarbageAtItsFirstByte) {
  EXPECT_NE(run_whole("\x16\x03\x01").text.find("TLS"), std::string::npos);
  EXPECT_TRUE(run_whole(std::string_view("\0", 1)).text.starts_with("400"));
}

TEST(RequestParser, PassesOverOneEmptyLineBeforeARequest) {
  EXPECT_EQ(status("\r\n" + get("")), 200);
  EXPECT_EQ(status("\r\n\r\n" + get("")), 400);
  EXPECT_EQ(status("\n" + get("")), 400);
}

TEST(RequestParser, KeepsTheConnectionAsTheSpecificationSays) {
  const auto keeps = [](const std::string& version, const std::string& connection) {
    const std::string header = connection.empty() ? "" : "Connection: " + connection + "\r\n";
    return parse("GET / HTTP/" + version + "\r\nHost: a\r\n" + header + "\r\n").find(" keep\n") !=
           std::string::npos;
  };
  EXPECT_TRUE(keeps("1.1", ""));
  EXPECT_TRUE(keeps("1.1", "Upgrade"));
  EXPECT_FALSE(keeps("1.1", "close"));
  EXPECT_FALSE(keeps("1.1", "x, CLOSE"));
  EXPECT_FALSE(keeps("1.1", "keep-alive\r\nConnection: close"));
  EXPECT_FALSE(keeps("1.0", ""));
  EXPECT_TRUE(keeps("1.0", "Keep-Alive"));
  EXPECT_FALSE(keeps("1.0", "keep-alive, close"));
}

TEST(RequestParser, ShowsThatTheClientWaitsForContinue) {
  const auto waits = [](const std::string& bytes) {
    RequestParser parser({});
    parser.feed(bytes);
    return parser.headers_complete() && parser.expects_continue();
  };
  EXPECT_TRUE(waits(post("Expect: 100-Continue\r\nContent-Length: 3\r\n", "")));
  EXPECT_TRUE(waits(post("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n", "")));
  EXPECT_FALSE(waits(post("Content-Length: 3\r\n", "")));
  EXPECT_FALSE(waits(get("Expect: 100-continue\r\n"))) << "without a body there is nothing to wait for";
  EXPECT_FALSE(waits("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"));
  EXPECT_EQ(status(post("Expect: 200-ok\r\n", "")), 417);
}

// What two implementations could read differently, one by one.
TEST(RequestParser, RefusesWhatCouldSmuggleARequest) {
  const std::pair<const char*, std::string> cases[] = {
      {"bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n"},
      {"bare LF after a header", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"},
      {"bare LF at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n"},
      {"bare CR in a value", get("X: a\rb\r\n")},
      {"CR CR LF", get("X: a\r\r\n")},
      {"NUL in a value", get(std::string_view("X: a\0b\r\n", 8))},
      {"a control character in a value", get("X: a\x0b\r\n")},
      {"DEL in a value", get("X: 12345678\x7f"
                             "12345678\r\n")},
      {"a folded header", get("X: a\r\n b\r\n")},
      {"a space before the first header", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"},
      {"a space before the colon", get("Content-Length : 0\r\n")},
      {"a tab before the colon", get("X\t: 0\r\n")},
      {"a header without a colon", get("X\r\n")},
      {"a header without a name", get(": x\r\n")},
      {"a name that is not ASCII", get("X\xc3\xa9: y\r\n")},
      {"no Host", "GET / HTTP/1.1\r\n\r\n"},
      {"two Hosts", get("Host: a\r\n")},
      {"Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
      {"Host with a user", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"},
      {"Host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"},
      {"both lengths", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n")},
      {"both lengths, the other way round",
       post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
      {"differing lengths", post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello!")},
      {"a list of lengths", post("Content-Length: 5, 5\r\n", "hello")},
      {"a signed length", post("Content-Length: +5\r\n", "hello")},
      {"a negative length", post("Content-Length: -5\r\n", "hello")},
      {"a length with a space", post("Content-Length: 5 5\r\n", "hello")},
      {"a hexadecimal length", post("Content-Length: 0x5\r\n", "hello")},
      {"an empty length", post("Content-Length:\r\n", "")},
      {"chunked twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
      {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"bare LF after a chunk size", chunked("1\nx\r\n0\r\n\r\n")},
      {"bare LF after a chunk", chunked("1\r\nx\n0\r\n\r\n")},
      {"a chunk longer than it says", chunked("1\r\nxy\r\n0\r\n\r\n")},
      {"a chunk size with a sign", chunked("+1\r\nx\r\n0\r\n\r\n")},
      {"a chunk size with 0x", chunked("0x1\r\nx\r\n0\r\n\r\n")},
      {"a chunk size with a space", chunked("1 \r\nx\r\n0\r\n\r\n")},
      {"an empty chunk size", chunked("\r\nx\r\n0\r\n\r\n")},
      {"a chunk size past 64 bits", chunked("10000000000000001\r\nx\r\n0\r\n\r\n")},
      {"a control character in an extension", chunked("1;a\x01\r\nx\r\n0\r\n\r\n")},
      {"a broken trailer", chunked("0\r\nX Y: z\r\n\r\n")},
      {"a folded trailer", chunked("0\r\nX: z\r\n y\r\n\r\n")},
  };
  for (const auto& [name, bytes] : cases) EXPECT_EQ(status(bytes), 400) << name;
  for (const char* coding :
       {"gzip", "gzip, chunked", "chunked, gzip", "chunked;x", "identity", "xchunked", "\"chunked\"", ""})
    EXPECT_EQ(status(post("Transfer-Encoding: " + std::string(coding) + "\r\n", "0\r\n\r\n")), 501) << coding;
}

TEST(RequestParser, AcceptsWhatIsUnusualButClear) {
  EXPECT_EQ(status(get("X: caf\xc3\xa9 \xff\r\n")), 200);
  EXPECT_EQ(status(get("X: a\tb\r\nX: a \t b 12345678\t\r\n")), 200);
  EXPECT_EQ(status("GET / HTTP/1.1\r\nHost:\r\n\r\n"), 200);
  EXPECT_EQ(status("GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n"), 200);
  EXPECT_EQ(status("GET / HTTP/1.0\r\n\r\n"), 200);
  EXPECT_EQ(status(post("transfer-encoding: CHUNKED\r\n", "0\r\n\r\n")), 200);
}

TEST(RequestParser, ATargetPastTheLimitIs414) {
  const RequestParser::Limits limits{.max_target_bytes = 100};
  const auto with_target = [](size_t size) {
    return "GET /" + std::string(size - 1, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  };
  EXPECT_EQ(status(with_target(100), limits), 200);
  EXPECT_EQ(status(with_target(101), limits), 414);
  EXPECT_EQ(status("GET /" + std::string(10'000, 'a'), limits), 414) << "before its line has ended";
  EXPECT_EQ(status(std::string(10'000, 'A'), limits), 414);
}

TEST(RequestParser, HeadersPastTheLimitsAre431) {
  const RequestParser::Limits limits{.max_header_bytes = 100, .max_headers = 4};
  const auto padded = [](size_t total) { return get("X: " + std::string(total - 9 - 5, 'x') + "\r\n"); };
  EXPECT_EQ(status(padded(100), limits), 200);
  EXPECT_EQ(status(padded(101), limits), 431);
  EXPECT_EQ(status(get("A: b\r\nC: d\r\nE: f\r\n"), limits), 200);
  EXPECT_EQ(status(get("A: b\r\nC: d\r\nE: f\r\nG: h\r\n"), limits), 431);
  EXPECT_EQ(status("GET / HTTP/1.1\r\n" + std::string(10'000, 'a'), limits), 431)
      << "before its line has ended";
  const RequestParser::Limits tight{.max_header_bytes = 60};
  EXPECT_EQ(status(chunked("1;" + std::string(60, 'x') + "\r\nx\r\n0\r\n\r\n"), tight), 431);
  std::string drip;
  for (int i = 0; i < 100; ++i) drip += "1;xx\r\nx\r\n";
  EXPECT_EQ(status(chunked(drip + "0\r\n\r\n"), tight), 431) << "extensions add up";
  EXPECT_EQ(status(chunked("0\r\nX: " + std::string(60, 'x') + "\r\n\r\n"), tight), 431);
}

TEST(RequestParser, ABodyPastTheLimitIs413BeforeItIsRead) {
  const RequestParser::Limits limits{.max_body_bytes = 10};
  EXPECT_EQ(status(post("Content-Length: 10\r\n", "0123456789"), limits), 200);
  EXPECT_EQ(status(post("Content-Length: 11\r\n", ""), limits), 413);
  EXPECT_EQ(status(post("Content-Length: 99999999999999999999999999\r\n", ""), limits), 413);
  EXPECT_EQ(status(post("Content-Length: 18446744073709551617\r\n", ""), limits), 413);
  EXPECT_EQ(status(chunked("b\r\n"), limits), 413);
  EXPECT_EQ(status(chunked("5\r\nhello\r\n5\r\nhello\r\n0\r\n\r\n"), limits), 200);
  EXPECT_EQ(status(chunked("5\r\nhello\r\n6\r\n"), limits), 413);
}

TEST(RequestParser, ReservesNoMemoryOnTheWordOfAHeader) {
  RequestParser parser({});
  parser.feed(post("Content-Length: 10000000\r\n", "x"));
  EXPECT_LE(parser.request().body.capacity(), 64u * 1024);
}

TEST(RequestParser, StaysInErrorUntilReset) {
  RequestParser parser({});
  parser.feed("GET / HTTP/3.0\r\n");
  EXPECT_EQ(parser.state(), RequestState::kError);
  EXPECT_FALSE(parser.keep_alive());
  EXPECT_EQ(parser.feed(get("")), 0u);
  parser.reset();
  parser.feed(get(""));
  EXPECT_EQ(parser.state(), RequestState::kComplete);
}

}  // namespace
}  // namespace patchbay::http
