#include "net/connector.h"

#include <gtest/gtest.h>

#include "net/listener.h"
#include "net/test_certificate.h"
#include "net/test_client.h"

namespace patchbay::net {
namespace {

// Sends back what it gets.
class Echo final : public Stream::Handler {
 public:
  Echo(Shard& shard, StreamPtr stream) : stream_(std::move(stream)) { stream_->attach(shard, *this); }
  void on_data(std::span<char> bytes) override {
    stream_->write(std::string_view(bytes.data(), bytes.size()));
  }
  void on_closed(CloseCause) override { stream_.reset(); }

 private:
  StreamPtr stream_;
};

struct Outcome {
  bool done = false;
  std::string error;
  ErrorCode code{};
  std::string heard;
};

// The other end: says hello and keeps what comes back.
class Caller final : public Stream::Handler {
 public:
  Caller(Shard& shard, StreamPtr stream, test::Watched<Outcome>& outcome)
      : stream_(std::move(stream)), outcome_(outcome) {
    stream_->attach(shard, *this);
    stream_->write("hello");
  }
  void on_data(std::span<char> bytes) override {
    outcome_.change([&](Outcome& o) { o.heard.append(bytes.data(), bytes.size()); });
  }
  void on_closed(CloseCause) override { stream_.reset(); }

 private:
  StreamPtr stream_;
  test::Watched<Outcome>& outcome_;
};

class ConnectorTest : public testing::Test {
 protected:
  ConnectorTest() { shards.start(); }
  ~ConnectorTest() override {
    test::on_shard(shard, [this] {
      connector.reset();
      caller.reset();
      echoes.clear();
      listener.reset();
    });
    shards.stop();
  }
  void listen(std::shared_ptr<TlsContext> tls = nullptr) {
    auto opened = Listener::open({.tls = std::move(tls)});
    ASSERT_TRUE(opened) << opened.error().message;
    listener = std::move(*opened);
    test::on_shard(shard, [this] {
      listener->start(shard, [this](StreamPtr stream) {
        echoes.push_back(std::make_unique<Echo>(shard, std::move(stream)));
      });
    });
  }
  void connect(ConnectOptions options) {
    test::on_shard(shard, [&] {
      connector = Connector::start(shard, resolver, std::move(options), [this](Result<StreamPtr> stream) {
        connector.reset();
        if (stream) caller = std::make_unique<Caller>(shard, std::move(*stream), outcome);
        outcome.change([&](Outcome& o) {
          o.done = true;
          if (!stream) o.error = stream.error().message, o.code = stream.error().code;
        });
      });
    });
  }
  void expect_echo() {
    EXPECT_TRUE(outcome.wait([](const Outcome& o) { return o.heard == "hello" || !o.error.empty(); }));
    EXPECT_EQ(outcome.get().error, "");
  }
  Outcome wait() {
    EXPECT_TRUE(outcome.wait([](const Outcome& o) { return o.done; }));
    return outcome.get();
  }
  std::shared_ptr<const TlsContext> trusting(const std::string& file) {
    auto made = TlsContext::client({.ca_file = file});
    EXPECT_TRUE(made) << made.error().message;
    return made ? *made : nullptr;
  }
  std::shared_ptr<TlsContext> serving(const test::Certificate& certificate) {
    auto made = TlsContext::from_files(certificate.certificate_file(), certificate.key_file());
    EXPECT_TRUE(made) << made.error().message;
    return made ? *made : nullptr;
  }

  ShardGroup shards{1};
  Shard& shard = shards[0];
  Resolver resolver;
  std::unique_ptr<Listener> listener;
  std::vector<std::unique_ptr<Echo>> echoes;
  std::unique_ptr<Caller> caller;
  Connector::Ptr connector;
  test::Watched<Outcome> outcome;
};

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
