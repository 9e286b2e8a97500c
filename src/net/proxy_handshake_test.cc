#include "net/proxy_handshake.h"

#include <gtest/gtest.h>

namespace patchbay::net {
namespace {

using State = ProxyHandshake::State;
using namespace std::string_literals;

Proxy http(std::string user = {}, std::string password = {}) {
  return {.kind = Proxy::Kind::kHttp,
          .host = "p",
          .port = 8080,
          .user = std::move(user),
          .password = std::move(password)};
}
Proxy socks(std::string user = {}, std::string password = {}) {
  Proxy proxy = http(std::move(user), std::move(password));
  proxy.kind = Proxy::Kind::kSocks5;
  return proxy;
}

// A conversation: what the proxy says, and all that was said to it.
struct Talk {
  State state;
  std::string said;
  std::string error;
  ErrorCode code{};
  size_t taken = 0;
};

Talk talk(Proxy proxy, std::string_view answer, size_t step, std::string host = "chat.example",
          uint16_t port = 443) {
  ProxyHandshake handshake(std::move(proxy), std::move(host), port);
  Talk result{.state = handshake.state(), .said = handshake.take_output(), .error = {}, .taken = 0};
  while (result.taken < answer.size() && handshake.state() == State::kNeedMore) {
    const std::string_view piece = answer.substr(result.taken, step);
    const size_t taken = handshake.feed(piece);
    const std::string said = handshake.take_output();
    if (handshake.state() == State::kNeedMore && said.empty()) {
      EXPECT_EQ(taken, piece.size());
    }
    result.taken += taken;
    result.said += said;
  }
  result.state = handshake.state();
  if (result.state == State::kFailed)
    result.error = handshake.error().message, result.code = handshake.error().code;
  return result;
}

// Whole and byte by byte: the same must come of it.
Talk talk_both_ways(const Proxy& proxy, std::string_view answer, const std::string& host = "chat.example") {
  const Talk whole = talk(proxy, answer, answer.size() + 1, host);
  const Talk single = talk(proxy, answer, 1, host);
  EXPECT_EQ(whole.state, single.state);
  EXPECT_EQ(whole.said, single.said);
  EXPECT_EQ(whole.error, single.error);
  EXPECT_EQ(whole.taken, single.taken);
  return whole;
}

TEST(ProxyHandshakeHttp, AsksAndTakesNothingBehindTheAnswer) {
  const std::string answer = "HTTP/1.1 200 Connection established\r\nX: y\r\n\r\n";
  const Talk result = talk_both_ways(http(), answer + "the target's");
  EXPECT_EQ(result.state, State::kDone);
  EXPECT_EQ(result.taken, answer.size());
  EXPECT_EQ(result.said, "CONNECT chat.example:443 HTTP/1.1\r\nHost: chat.example:443\r\n\r\n");
}

TEST(ProxyHandshakeHttp, AuthenticatesWithBasic) {
  EXPECT_EQ(talk_both_ways(http("Aladdin", "open sesame"), "HTTP/1.0 204\n\n").said,
            "CONNECT chat.example:443 HTTP/1.1\r\nHost: chat.example:443\r\n"
            "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n");
}

TEST(ProxyHandshakeHttp, PutsBracketsAroundIpv6) {
  EXPECT_TRUE(
      talk_both_ways(http(), "", "2001:db8::1").said.starts_with("CONNECT [2001:db8::1]:443 HTTP/1.1"));
}

TEST(ProxyHandshakeHttp, InterimAnswersPassBy) {
  EXPECT_EQ(talk_both_ways(http(),
                           "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103\r\nL: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")
                .state,
            State::kDone);
}

TEST(ProxyHandshakeHttp, RefusalsCarryWhatTheProxyAnswered) {
  Talk result = talk_both_ways(http(), "HTTP/1.1 403 For\x1b[2Jbidden\r\n\r\n");
  EXPECT_EQ(result.error, "the proxy 'p' port 8080 answered 403 For?[2Jbidden");
  EXPECT_EQ(result.code, ErrorCode::kServiceUnavailable);
  result = talk_both_ways(http(), "HTTP/1.1 407 Auth\r\n\r\n");
  EXPECT_NE(result.error.find("wants a user name and password"), std::string::npos);
  EXPECT_EQ(result.code, ErrorCode::kConfiguration);
  result = talk_both_ways(http("u", "hunter2"), "HTTP/1.1 407 u:hunter2\r\n\r\n");
  EXPECT_NE(result.error.find("does not accept"), std::string::npos);
  EXPECT_EQ(result.error.find("hunter2"), std::string::npos) << "a proxy may echo what it was told";
}

TEST(ProxyHandshakeHttp, WhatIsNoHttpIsRefusedAtOnce) {
  for (const std::string& answer :
       {"\x05"s, "SSH-2.0-x\r\n"s, "HTTP/2 200 OK\r\n\r\n"s, "HTTP/1.1 20 OK\r\n\r\n"s,
        "HTTP/1.1  200\r\n\r\n"s, "HTTP/1.1 2000\r\n\r\n"s, "HTTP/1.1 200OK\r\n\r\n"s, "HTTP/1.1\r\n\r\n"s,
        "\r\n\r\n"s, "HTTP/1.x 200 OK\r\n\r\n"s}) {
    const Talk result = talk_both_ways(http(), answer);
    EXPECT_EQ(result.state, State::kFailed) << answer;
    EXPECT_NE(result.error.find("does not answer as an HTTP proxy"), std::string::npos) << answer;
  }
}

TEST(ProxyHandshakeHttp, AnAnswerWithoutEndIsCutOff) {
  std::string endless = "HTTP/1.1 200 OK\r\n";
  while (endless.size() < 2 * ProxyHandshake::kMaxHeadBytes) endless += "X-Header: value\r\n";
  EXPECT_EQ(talk_both_ways(http(), endless).state, State::kFailed);
  std::string interim;
  while (interim.size() < 2 * ProxyHandshake::kMaxHeadBytes) interim += "HTTP/1.1 100 Continue\r\n\r\n";
  const Talk result = talk_both_ways(http(), interim);
  EXPECT_EQ(result.state, State::kFailed);
  EXPECT_LE(result.taken, ProxyHandshake::kMaxHeadBytes);
}

TEST(ProxyHandshakeSocks, NamesAreTheProxysToLookUp) {
  const Talk result = talk_both_ways(socks(), "\x05\0\x05\0\0\x01\x7f\0\0\x01\x1f\x90rest"s);
  EXPECT_EQ(result.state, State::kDone);
  EXPECT_EQ(result.taken, 12u);
  EXPECT_EQ(result.said, "\x05\x01\0\x05\x01\0\x03\x0c"s + "chat.example" + "\x01\xbb"s);
}

TEST(ProxyHandshakeSocks, AddressesTravelInTheirOwnForm) {
  EXPECT_EQ(talk_both_ways(socks(), "\x05\0"s, "10.0.0.2").said.substr(3),
            "\x05\x01\0\x01\x0a\0\0\x02\x01\xbb"s);
  EXPECT_EQ(talk_both_ways(socks(), "\x05\0"s, "::1").said.substr(3),
            "\x05\x01\0\x04"s + std::string(15, '\0') + "\x01\x01\xbb");
}

TEST(ProxyHandshakeSocks, AnswersMayBeBoundToAnyKindOfAddress) {
  for (const std::string& bound : {"\x01"s + std::string(4, 'a'), "\x04"s + std::string(16, 'a'),
                                   "\x03\x05hello"s, "\x03\0"s, "\x03\xff"s + std::string(255, 'a')}) {
    const Talk result = talk_both_ways(socks(), "\x05\0\x05\0\0"s + bound + "pp" + "rest");
    EXPECT_EQ(result.state, State::kDone);
    EXPECT_EQ(result.taken, 5 + bound.size() + 2);
  }
}

TEST(ProxyHandshakeSocks, AuthenticatesWithUserAndPassword) {
  const Talk result = talk_both_ways(socks("user", "secret"), "\x05\x02\x01\0\x05\0\0\x01"s + "1234" + "pp");
  EXPECT_EQ(result.state, State::kDone);
  EXPECT_TRUE(result.said.starts_with("\x05\x02\0\x02\x01\x04user\x06secret\x05\x01\0\x03"s));
  // It may also do without.
  EXPECT_EQ(talk_both_ways(socks("user", "secret"), "\x05\0\x05\0\0\x01"s + "1234" + "pp").state,
            State::kDone);
}

TEST(ProxyHandshakeSocks, RefusalsSayWhatIsAtFault) {
  const struct {
    Proxy proxy;
    std::string answer;
    std::string words;
    ErrorCode code;
  } cases[] = {
      {socks(), "\x05\xff", "wants a user name and password", ErrorCode::kConfiguration},
      {socks("u", "hunter2"), "\x05\xff", "accepts neither", ErrorCode::kConfiguration},
      {socks("u", "hunter2"), "\x05\x02\x01\x01", "does not accept the user name", ErrorCode::kConfiguration},
      {socks(), "\x05\x02", "not offered", ErrorCode::kServiceUnavailable},
      {socks(), "\x05\x01", "not offered", ErrorCode::kServiceUnavailable},
      {socks(), "\x04\0"s, "does not answer as a SOCKS5 proxy", ErrorCode::kServiceUnavailable},
      {socks(), "HTTP/1.1 400\r\n", "does not answer as a SOCKS5 proxy", ErrorCode::kServiceUnavailable},
      {socks("u", "hunter2"), "\x05\x02\x05\0"s, "does not answer as a SOCKS5 proxy",
       ErrorCode::kServiceUnavailable},
      {socks(), "\x05\0\x05\x04"s, "4 (host unreachable)", ErrorCode::kServiceUnavailable},
      {socks(), "\x05\0\x05\xfe"s, "254 (unknown)", ErrorCode::kServiceUnavailable},
      {socks(), "\x05\0\x05\0\0\x02"s, "does not answer as a SOCKS5 proxy", ErrorCode::kServiceUnavailable},
  };
  for (const auto& one : cases) {
    const Talk result = talk_both_ways(one.proxy, one.answer);
    EXPECT_EQ(result.state, State::kFailed) << one.words;
    EXPECT_EQ(result.code, one.code) << one.words;
    EXPECT_NE(result.error.find(one.words), std::string::npos) << result.error;
    EXPECT_EQ(result.error.find("hunter2"), std::string::npos);
  }
}

TEST(ProxyHandshake, AHostThatWouldBreakTheRequestIsNotAskedFor) {
  for (const std::string& host :
       {""s, "a b"s, "a\r\nX: y"s, "a/b"s, "u@h"s, "[::1]"s, "a\0b"s, std::string(256, 'a')})
    for (const Proxy& proxy : {http(), socks()}) {
      ProxyHandshake handshake(proxy, host, 443);
      EXPECT_EQ(handshake.state(), State::kFailed) << host;
      EXPECT_EQ(handshake.take_output(), "");
      EXPECT_EQ(handshake.feed("x"), 0u);
    }
}

}  // namespace
}  // namespace patchbay::net
