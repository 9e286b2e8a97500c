#include "websocket/handshake.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace patchbay::websocket {
namespace {

http::Request good_request() {
  http::Request request;
  request.path = request.target = "/socket.io/";
  request.headers = {{"host", "example.com"},
                     {"connection", "keep-alive, Upgrade"},
                     {"upgrade", "WebSocket"},
                     {"sec-websocket-version", "13"},
                     {"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="}};
  return request;
}

void replace(http::Request& request, std::string_view name, std::string_view value) {
  for (auto& [header, old] : request.headers)
    if (header == name) old = value;
}

void remove(http::Request& request, std::string_view name) {
  std::erase_if(request.headers, [&](const auto& header) { return header.first == name; });
}

int refusal(const http::Request& request) {
  const auto answer = check_upgrade(request);
  return answer ? 101 : answer.error().status;
}

TEST(Handshake, TheExampleOfTheSpecificationIsAnsweredByteForByte) {
  EXPECT_EQ(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  const auto answer = check_upgrade(good_request());
  ASSERT_TRUE(answer);
  EXPECT_EQ(*answer,
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
}

TEST(Handshake, TokensAreFoundInAnyCaseAndOnAnyLine) {
  http::Request request = good_request();
  replace(request, "connection", "keep-alive");
  EXPECT_EQ(refusal(request), 426);
  request.headers.emplace_back("connection", ",, uPGRADE ,x");
  EXPECT_EQ(refusal(request), 101);
}

TEST(Handshake, AnythingButAGetOfHttp11IsRefused) {
  http::Request request = good_request();
  request.method = http::Method::kPost;
  EXPECT_EQ(refusal(request), 405);
  request = good_request();
  request.version_minor = 0;
  EXPECT_EQ(refusal(request), 400);
}

TEST(Handshake, MissingUpgradeHeadersAreNamed) {
  http::Request request = good_request();
  remove(request, "upgrade");
  EXPECT_EQ(refusal(request), 426);
  request = good_request();
  remove(request, "connection");
  const auto answer = check_upgrade(request);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().status, 426);
  EXPECT_NE(answer.error().body.find("proxy"), std::string::npos);
  request = good_request();
  replace(request, "upgrade", "websockets");
  EXPECT_EQ(refusal(request), 426);
}

TEST(Handshake, OtherVersionsAreToldWhichOneToSpeak) {
  for (const char* version : {"8", "", "013", "13, 8", "1 3"}) {
    http::Request request = good_request();
    replace(request, "sec-websocket-version", version);
    const auto answer = check_upgrade(request);
    ASSERT_FALSE(answer) << version;
    EXPECT_EQ(answer.error().status, 426);
    EXPECT_TRUE(std::ranges::count(answer.error().headers,
                                   std::pair<std::string, std::string>("sec-websocket-version", "13")));
  }
}

TEST(Handshake, AKeyThatIsNotSixteenBytesIsRefused) {
  for (const char* key :
       {"", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25j", "dGhlIHNhbXBsZSBub25jZQ==dGhl",
        "dGhlIHNhbXBsZSBub25jZ!==", "dGhlIHNhbXBsZSBub25jZ1==x", "dGhlIHNhbXBsZSBub25jZQAA"}) {
    http::Request request = good_request();
    replace(request, "sec-websocket-key", key);
    EXPECT_EQ(refusal(request), 400) << key;
  }
  http::Request request = good_request();
  request.headers.emplace_back("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
  EXPECT_EQ(refusal(request), 400);
}

TEST(Handshake, TheFirstSubprotocolOfferedIsChosen) {
  http::Request request = good_request();
  request.headers.emplace_back("sec-websocket-protocol", "chat, superchat");
  EXPECT_NE(check_upgrade(request).value().find("\r\nSec-WebSocket-Protocol: chat\r\n\r\n"),
            std::string::npos);
  for (const std::string& bad : {std::string("a b"), std::string(""), std::string(","), std::string("x\"y"),
                                 std::string(101, 'p'), std::string(50'000, ',')}) {
    request = good_request();
    request.headers.emplace_back("sec-websocket-protocol", bad);
    EXPECT_EQ(refusal(request), 400) << bad.substr(0, 20);
  }
}

TEST(Handshake, ExtensionsAreNotAgreedOn) {
  http::Request request = good_request();
  request.headers.emplace_back("sec-websocket-extensions", "permessage-deflate; client_max_window_bits");
  EXPECT_EQ(check_upgrade(request).value().find("Extensions"), std::string::npos);
  EXPECT_FALSE(accept_upgrade(request, {}).value().deflate);
}

TEST(Handshake, CompressionIsAgreedOnWhenItIsEnabledAndOffered) {
  const DeflateOptions enabled{.enabled = true};
  EXPECT_FALSE(accept_upgrade(good_request(), enabled).value().deflate);
  http::Request request = good_request();
  request.headers.emplace_back("sec-websocket-extensions", "x-other");
  request.headers.emplace_back("sec-websocket-extensions", "permessage-deflate; client_max_window_bits");
  const auto upgrade = accept_upgrade(request, enabled);
  ASSERT_TRUE(upgrade);
  EXPECT_EQ(upgrade->deflate.send_window_bits, 15);
  EXPECT_TRUE(upgrade->response.ends_with(
      "\r\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
      "client_no_context_takeover\r\n\r\n"))
      << upgrade->response;
}

TEST(Handshake, MalformedExtensionsAreRefusedOnceTheyAreLookedAt) {
  http::Request request = good_request();
  request.headers.emplace_back("sec-websocket-extensions", "permessage-deflate; a=;;,");
  EXPECT_EQ(refusal(request), 101);
  const auto answer = accept_upgrade(request, {.enabled = true});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().status, 400);
}

}  // namespace
}  // namespace patchbay::websocket
