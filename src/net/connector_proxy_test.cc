#include <gtest/gtest.h>

#include "net/connector_rig.h"
#include "net/test_proxy.h"

namespace patchbay::net {
namespace {

using test::Outcome;
using test::TestProxy;

class ConnectorProxyTest : public test::ConnectorRig, public testing::WithParamInterface<Proxy::Kind> {
 protected:
  ConnectOptions options(const TestProxy& proxy, std::string host = "chat.example") {
    return {.host = std::move(host), .port = listener->port(), .proxy = proxy.address()};
  }
};

INSTANTIATE_TEST_SUITE_P(Kinds, ConnectorProxyTest, testing::Values(Proxy::Kind::kHttp, Proxy::Kind::kSocks5),
                         [](const auto& kind) {
                           return kind.param == Proxy::Kind::kHttp ? "Http" : "Socks5";
                         });

TEST_P(ConnectorProxyTest, GoesThroughTheProxyAndLeavesTheNameToIt) {
  listen();
  const TestProxy proxy(GetParam());
  connect(options(proxy));  // a name that nobody on this machine knows
  expect_echo();
  EXPECT_EQ(proxy.asked(), std::vector{"chat.example:" + std::to_string(listener->port())});
}

TEST_P(ConnectorProxyTest, AnAddressInFiguresTravelsAsItIs) {
  listen();
  const TestProxy proxy(GetParam());
  connect(options(proxy, "127.0.0.1"));
  expect_echo();
  EXPECT_EQ(proxy.asked(), std::vector{"127.0.0.1:" + std::to_string(listener->port())});
}

TEST_P(ConnectorProxyTest, ShowsItsCredentials) {
  listen();
  const TestProxy proxy(GetParam(), {.user = "us er", .password = "p:ss"});
  connect(options(proxy));
  expect_echo();
}

TEST_P(ConnectorProxyTest, TlsIsWithTheTargetAndItsNameIsVerified) {
  const test::Certificate certificate("DNS:chat.example");
  listen(serving(certificate));
  const TestProxy proxy(GetParam(), {.user = "user", .password = "word"});
  ConnectOptions through = options(proxy);
  through.tls = trusting(certificate.certificate_file());
  connect(through);
  expect_echo();
  outcome.change([](Outcome& o) { o = {}; });
  through.host = "other.example";
  connect(through);
  const Outcome said = wait();
  EXPECT_EQ(said.code, ErrorCode::kConfiguration);
  EXPECT_NE(said.error.find("mismatch"), std::string::npos) << said.error;
  EXPECT_NE(said.error.find("through the proxy '127.0.0.1'"), std::string::npos) << said.error;
}

TEST_P(ConnectorProxyTest, BytesBehindTheAnswerBelongToTheStream) {
  listen();
  const TestProxy proxy(GetParam(), {.behind_answer = "early "});
  connect(options(proxy));
  EXPECT_TRUE(outcome.wait([](const Outcome& o) { return o.heard == "early hello" || !o.error.empty(); }));
  EXPECT_EQ(outcome.get().error, "");
}

TEST_P(ConnectorProxyTest, WrongCredentialsAreNamedAsTheFaultAndNotShown) {
  listen();
  const TestProxy proxy(GetParam(), {.user = "user", .password = "right"});
  ConnectOptions wrong = options(proxy);
  wrong.proxy->password = "hunter2";
  connect(wrong);
  const Outcome said = wait();
  EXPECT_EQ(said.code, ErrorCode::kConfiguration);
  EXPECT_NE(said.error.find("the proxy '127.0.0.1' port"), std::string::npos) << said.error;
  EXPECT_NE(said.error.find("does not accept the user name and password"), std::string::npos) << said.error;
  EXPECT_EQ(said.error.find("hunter2"), std::string::npos) << said.error;
  outcome.change([](Outcome& o) { o = {}; });
  wrong.proxy->user.clear();
  connect(wrong);
  EXPECT_NE(wait().error.find("wants a user name and password"), std::string::npos) << wait().error;
}

TEST_P(ConnectorProxyTest, ATargetThatTheProxyCannotReachIsToldWithTheProxysWords) {
  listen();
  const TestProxy proxy(GetParam());
  ConnectOptions through = options(proxy);
  test::on_shard(shard, [this] { listener.reset(); });
  connect(through);
  const Outcome said = wait();
  EXPECT_EQ(said.code, ErrorCode::kServiceUnavailable);
  EXPECT_NE(said.error.find(GetParam() == Proxy::Kind::kHttp ? "502 Bad Gateway" : "connection refused"),
            std::string::npos)
      << said.error;
}

TEST_P(ConnectorProxyTest, AProxyThatIsNotThereIsNamed) {
  listen();
  Proxy nobody{.kind = GetParam(), .host = "127.0.0.1", .port = 1, .user = {}, .password = {}};
  connect({.host = "chat.example", .port = 443, .proxy = nobody});
  const Outcome said = wait();
  EXPECT_EQ(said.code, ErrorCode::kServiceUnavailable);
  EXPECT_NE(said.error.find("'chat.example' port 443 through the proxy '127.0.0.1' port 1"),
            std::string::npos)
      << said.error;
}

TEST_P(ConnectorProxyTest, OneDeadlineCoversASilentProxy) {
  listen();
  // Opens the way's answer and never ends it.
  const TestProxy proxy(GetParam(), {.instead = GetParam() == Proxy::Kind::kHttp ? "HTTP/1.1 200" : "\x05"});
  ConnectOptions through = options(proxy);
  through.timeout = Milliseconds(60);
  connect(through);
  const Outcome said = wait();
  EXPECT_EQ(said.code, ErrorCode::kRequestTimeout);
  EXPECT_NE(said.error.find("while the proxy was asked"), std::string::npos) << said.error;
}

TEST_P(ConnectorProxyTest, AProxyThatHangsUpOrTalksNonsenseIsAnError) {
  listen();
  const TestProxy gone(GetParam(), {.hang_up = true});
  connect(options(gone));
  EXPECT_EQ(wait().code, ErrorCode::kServiceUnavailable);
  EXPECT_NE(wait().error.find("closed the connection"), std::string::npos) << wait().error;
  outcome.change([](Outcome& o) { o = {}; });
  const TestProxy ssh(GetParam(), {.instead = "SSH-2.0-OpenSSH_9.2\r\n"});
  connect(options(ssh));
  EXPECT_NE(wait().error.find("does not answer as"), std::string::npos) << wait().error;
}

}  // namespace
}  // namespace patchbay::net
