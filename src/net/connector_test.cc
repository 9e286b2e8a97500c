#include "net/connector.h"

#include <gtest/gtest.h>

#include "net/connector_rig.h"

namespace patchbay::net {
namespace {

using ConnectorTest = test::ConnectorRig;
using test::Outcome;

TEST_F(ConnectorTest, ConnectsToAnAddress) {
  listen();
  connect({.host = "127.0.0.1", .port = listener->port()});
  expect_echo();
}

TEST_F(ConnectorTest, LooksNamesUpAndTriesEveryAddress) {
  // "localhost" may well be ::1 first, where nobody listens.
  listen();
  connect({.host = "localhost", .port = listener->port()});
  expect_echo();
}

TEST_F(ConnectorTest, SaysThatNobodyListens) {
  listen();
  const uint16_t port = listener->port();
  test::on_shard(shard, [this] { listener.reset(); });
  connect({.host = "127.0.0.1", .port = port});
  const Outcome said = wait();
  EXPECT_EQ(said.code, ErrorCode::kServiceUnavailable);
  EXPECT_NE(said.error.find("Connection refused (127.0.0.1)"), std::string::npos) << said.error;
}

TEST_F(ConnectorTest, SaysThatANameIsUnknown) {
  connect({.host = "no..name", .port = 1});
  const Outcome said = wait();
  EXPECT_EQ(said.code, ErrorCode::kServiceUnavailable);
  EXPECT_NE(said.error.find("cannot find the address of 'no..name'"), std::string::npos) << said.error;
}

TEST_F(ConnectorTest, MeetsTheDeadlineWhenTheOtherEndNeverShakesHands) {
  // A listening socket whose connections nobody accepts: TCP stands, TLS never does.
  auto opened = Listener::open({});
  ASSERT_TRUE(opened);
  listener = std::move(*opened);
  auto tls = TlsContext::client({.insecure = true});
  ASSERT_TRUE(tls);
  connect({.host = "127.0.0.1", .port = listener->port(), .timeout = Milliseconds(50), .tls = *tls});
  const Outcome said = wait();
  EXPECT_EQ(said.code, ErrorCode::kRequestTimeout);
  EXPECT_NE(said.error.find("during the TLS handshake"), std::string::npos) << said.error;
}

TEST_F(ConnectorTest, TalksTlsWithAServerThatItTrusts) {
  const test::Certificate certificate;
  listen(serving(certificate));
  connect({.host = "127.0.0.1", .port = listener->port(), .tls = trusting(certificate.certificate_file())});
  expect_echo();
}

TEST_F(ConnectorTest, VerifiesNamesToo) {
  const test::Certificate certificate("DNS:localhost");
  listen(serving(certificate));
  connect({.host = "localhost", .port = listener->port(), .tls = trusting(certificate.certificate_file())});
  expect_echo();
}

TEST_F(ConnectorTest, RefusesACertificateThatNobodyItTrustsHasSigned) {
  const test::Certificate certificate;
  listen(serving(certificate));
  auto tls = TlsContext::client({});
  ASSERT_TRUE(tls);
  connect({.host = "127.0.0.1", .port = listener->port(), .tls = *tls});
  const Outcome said = wait();
  EXPECT_EQ(said.code, ErrorCode::kConfiguration);
  EXPECT_NE(said.error.find("not trusted"), std::string::npos) << said.error;
}

TEST_F(ConnectorTest, RefusesACertificateOfAnotherHost) {
  for (const auto& [names, host] :
       {std::pair("DNS:example.org", "localhost"), {"DNS:localhost", "127.0.0.1"}}) {
    const test::Certificate certificate(names);
    listen(serving(certificate));
    connect({.host = host, .port = listener->port(), .tls = trusting(certificate.certificate_file())});
    const Outcome said = wait();
    EXPECT_EQ(said.code, ErrorCode::kConfiguration) << host;
    EXPECT_NE(said.error.find("mismatch"), std::string::npos) << said.error;
    outcome.change([](Outcome& o) { o = {}; });
    test::on_shard(shard, [this] { listener.reset(); });
  }
}

TEST_F(ConnectorTest, TrustsAnyoneWhenToldTo) {
  const test::Certificate certificate("DNS:example.org");
  listen(serving(certificate));
  auto tls = TlsContext::client({.insecure = true});
  ASSERT_TRUE(tls);
  connect({.host = "127.0.0.1", .port = listener->port(), .tls = *tls});
  expect_echo();
}

TEST_F(ConnectorTest, SaysThatAPortDoesNotSpeakTls) {
  listen();  // echoes the ClientHello, which is no ServerHello
  auto tls = TlsContext::client({.insecure = true});
  ASSERT_TRUE(tls);
  connect({.host = "127.0.0.1", .port = listener->port(), .tls = *tls});
  EXPECT_EQ(wait().code, ErrorCode::kConfiguration);
}

TEST_F(ConnectorTest, GivesUpSilentlyWhenLetGo) {
  listen();
  test::on_shard(shard, [this] {
    for (const char* const host : {"127.0.0.1", "localhost"})
      Connector::start(shard, resolver, {.host = host, .port = listener->port()},
                       [](Result<StreamPtr>) { ADD_FAILURE() << "nobody waits for this"; });
  });
  connect({.host = "localhost", .port = listener->port()});  // behind the other lookup
  expect_echo();
}

TEST(TlsClientContext, NamesTheFileThatIsWrong) {
  const auto missing = TlsContext::client({.ca_file = "/no/such.pem"});
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("/no/such.pem"), std::string::npos);
  const test::Certificate certificate;
  EXPECT_FALSE(TlsContext::client({.ca_file = certificate.key_file()}));
}

}  // namespace
}  // namespace patchbay::net
