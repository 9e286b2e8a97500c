#include "net/stream.h"

#include <cstdio>
#include <filesystem>
#include <optional>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "net/listener.h"
#include "net/test_client.h"

namespace patchbay::net {
namespace {

struct Seen {
  std::string data;
  std::optional<CloseCause> closed;
  int drained = 0;
};

// Holds one stream of one shard and notes what it hears.
class Recorder final : public Stream::Handler {
 public:
  void on_data(std::span<char> bytes) override {
    seen.change([&](Seen& s) { s.data.append(bytes.data(), bytes.size()); });
    if (after_data) after_data();
  }
  void on_closed(CloseCause cause) override {
    stream.reset();
    seen.change([&](Seen& s) { s.closed = cause; });
  }
  void on_drained() override {
    seen.change([](Seen& s) { ++s.drained; });
  }

  StreamPtr stream;
  test::Watched<Seen> seen;
  std::function<void()> after_data;
};

class StreamTest : public testing::Test {
 protected:
  StreamTest() { shards.start(); }
  ~StreamTest() override {
    shards.stop();
    recorder.stream.reset();
  }
  // A stream on shard 0; the other end is the client.
  test::TcpClient connect(StreamLimits limits = {}, int buffer = 0) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw std::runtime_error("socketpair");
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    if (buffer > 0) setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    recorder.stream = Stream::create(ends[0], nullptr, "test", limits);
    return test::TcpClient::adopt(ends[1]);
  }
  void attach() {
    test::on_shard(shards[0], [&] { recorder.stream->attach(shards[0], recorder); });
  }
  bool closes_with(CloseCause cause) {
    return recorder.seen.wait([](const Seen& s) { return s.closed.has_value(); }) &&
           recorder.seen.get().closed == cause;
  }
  bool hears(std::string_view data) {
    return recorder.seen.wait([&](const Seen& s) { return s.data.size() >= data.size(); }) &&
           recorder.seen.get().data == data;
  }

  ShardGroup shards{2};
  Recorder recorder;
};

std::string pattern(size_t size) {
  std::string text(size, 0);
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return text;
}

TEST_F(StreamTest, CarriesBytesBothWays) {
  auto client = connect();
  client.send("before attaching ");
  attach();
  client.send("and after");
  EXPECT_TRUE(hears("before attaching and after"));
  test::on_shard(shards[0], [&] {
    recorder.stream->write("one ");
    recorder.stream->write("two ", "three ");
    recorder.stream->write(make_buffer("four "));
    recorder.stream->write_static("five");
  });
  EXPECT_EQ(client.read_exactly(23), "one two three four five");
}

TEST_F(StreamTest, HearsOfAnEndThatCameTogetherWithTheLastBytes) {
  auto client = connect();
  client.send("last words");
  client.finish_sending();
  attach();
  EXPECT_TRUE(hears("last words"));
  EXPECT_TRUE(closes_with(CloseCause::kPeerClosed));
}

TEST_F(StreamTest, WaitsForASlowPeerAndSaysWhenAllIsGone) {
  auto client = connect();
  attach();
  const std::string big = pattern(8'000'000);
  test::on_shard(shards[0], [&] {
    for (size_t at = 0; at < big.size(); at += 100'000)
      recorder.stream->write(std::string_view(big).substr(at, 100'000));
  });
  EXPECT_GT(test::on_shard(shards[0], [&] { return recorder.stream->queued_bytes(); }), 0u);
  EXPECT_EQ(client.read_exactly(big.size()), big);
  EXPECT_TRUE(recorder.seen.wait([](const Seen& s) { return s.drained > 0; }));
}

TEST_F(StreamTest, EndsWhenThePeerTakesNothingForTooLong) {
  const auto client = connect({.write_stall = Milliseconds(20)});
  attach();
  test::on_shard(shards[0], [&] { recorder.stream->write(pattern(4'000'000)); });
  EXPECT_TRUE(closes_with(CloseCause::kWriteStalled));
}

TEST_F(StreamTest, EndsWhenTooMuchWaits) {
  const auto client = connect({.max_queued_bytes = 100'000});
  attach();
  test::on_shard(shards[0], [&] {
    for (int i = 0; i < 30; ++i) recorder.stream->write(pattern(10'000));
    EXPECT_LE(recorder.stream->queued_bytes(), 110'000u);
  });
  EXPECT_TRUE(closes_with(CloseCause::kOverflow));
}

TEST_F(StreamTest, DeliversTheLastBytesWhenItIsClosedGracefully) {
  auto client = connect();
  attach();
  const std::string big = pattern(4'000'000);
  test::on_shard(shards[0], [&] {
    recorder.stream->write(big);
    Stream::close_gracefully(std::move(recorder.stream));
  });
  client.send("nobody listens any more");
  EXPECT_EQ(client.read_to_end(), big);
  EXPECT_FALSE(recorder.seen.get().closed.has_value());
}

TEST_F(StreamTest, DeliversTheLastBytesWhenTheShardEndsRightAfterwards) {
  auto client = connect();
  attach();
  const std::string big = pattern(2'000'000);
  test::on_shard(shards[0], [&] {
    recorder.stream->write(big);
    Stream::close_gracefully(std::move(recorder.stream));
    shards[0].stop();
  });
  EXPECT_EQ(client.read_to_end(), big);
}

TEST_F(StreamTest, MayBeLetGoInItsOwnCallbacks) {
  auto client = connect();
  recorder.after_data = [&] { recorder.stream.reset(); };
  attach();
  client.send("x");
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(StreamTest, KeepsBytesInTheKernelWhileReadingIsPaused) {
  auto client = connect();
  recorder.after_data = [&] { recorder.stream->pause_reading(); };
  attach();
  client.send("first");
  ASSERT_TRUE(hears("first"));
  client.send(" second");
  client.finish_sending();
  // Two turns of the loop, in which nothing may be handed up.
  test::on_shard(shards[0], [] {});
  test::on_shard(shards[0], [&] { EXPECT_EQ(recorder.seen.get().data, "first"); });
  test::on_shard(shards[0], [&] {
    recorder.after_data = nullptr;
    recorder.stream->resume_reading();
  });
  EXPECT_TRUE(closes_with(CloseCause::kPeerClosed));
  EXPECT_EQ(recorder.seen.get().data, "first second");
}

TEST_F(StreamTest, HandsUpWhatWasReadTooFarBeforeAnythingNewer) {
  auto client = connect();
  client.send(" newer");
  test::on_shard(shards[0], [&] {
    recorder.stream->attach(shards[0], recorder);
    recorder.stream->unread("older");
  });
  EXPECT_TRUE(hears("older newer"));
}

TEST_F(StreamTest, MovesBetweenShardsWithDataInFlightBothWays) {
  auto client = connect({}, 16 * 1024);
  const std::string big = pattern(2'000'000);
  const BufferRef shared = test::on_shard(shards[0], [] { return make_buffer(pattern(10'000)); });
  size_t moves = 0;
  // After every piece the stream goes to the other shard, from inside its own callback.
  recorder.after_data = [&] {
    Shard& from = *Shard::current();
    Shard& to = shards[1 - from.index()];
    ++moves;
    recorder.stream->write(pattern(1'000));
    recorder.stream->detach();
    to.post([&] { recorder.stream->attach(to, recorder); });
  };
  attach();
  std::thread sender([&] { client.send(big); });
  EXPECT_TRUE(hears(big));
  sender.join();
  const size_t answers =
      test::on_shard(shards[0], [] { return 0; }) + test::on_shard(shards[1], [&] { return moves; });
  EXPECT_GT(answers, 1u);
  std::string expected;
  for (size_t i = 0; i < answers; ++i) expected += pattern(1'000);
  EXPECT_EQ(client.read_exactly(expected.size()), expected);
}

// --- TLS --------------------------------------------------------------------------------------------------

class TlsTest : public StreamTest {
 protected:
  TlsTest() {
    const auto folder = std::filesystem::temp_directory_path() / ("patchbay-tls-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder);
    certificate_file = folder / "certificate.pem";
    key_file = folder / "key.pem";
    EVP_PKEY* const key = EVP_EC_gen("P-256");
    X509* const certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* const name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"),
                               -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_sign(certificate, key, EVP_sha256());
    FILE* file = std::fopen(certificate_file.c_str(), "w");
    PEM_write_X509(file, certificate);
    std::fclose(file);
    file = std::fopen(key_file.c_str(), "w");
    PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
    auto made = TlsContext::from_files(certificate_file, key_file);
    if (!made) throw std::runtime_error(made.error().message);
    auto opened = Listener::open({.tls = *made});
    if (!opened) throw std::runtime_error(opened.error().message);
    listener = std::move(*opened);
    test::on_shard(shards[0], [&] {
      listener->start(shards[0], [&](StreamPtr stream) {
        recorder.stream = std::move(stream);
        recorder.stream->attach(shards[0], recorder);
      });
    });
    context = SSL_CTX_new(TLS_client_method());
  }
  ~TlsTest() override {
    test::on_shard(shards[0], [&] { listener->stop(); });
    SSL_CTX_free(context);
    std::filesystem::remove_all(std::filesystem::path(key_file).parent_path());
  }
  SSL* handshake(const test::TcpClient& client) {
    SSL* const ssl = SSL_new(context);
    SSL_set_fd(ssl, client.fd());
    EXPECT_EQ(SSL_connect(ssl), 1);
    return ssl;
  }
  static void write_all(SSL* ssl, std::string_view bytes) {
    while (!bytes.empty()) {
      const int sent = SSL_write(ssl, bytes.data(), static_cast<int>(std::min<size_t>(bytes.size(), 60'000)));
      if (sent <= 0) throw std::runtime_error("SSL_write");
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
  }
  static std::string read_exactly(SSL* ssl, size_t count) {
    std::string bytes(count, 0);
    for (size_t at = 0; at < count;) {
      const int got = SSL_read(ssl, bytes.data() + at, static_cast<int>(count - at));
      if (got <= 0) throw std::runtime_error("SSL_read");
      at += static_cast<size_t>(got);
    }
    return bytes;
  }

  std::string certificate_file;
  std::string key_file;
  std::unique_ptr<Listener> listener;
  SSL_CTX* context = nullptr;
};

TEST_F(TlsTest, CarriesBytesBothWaysAcrossAMoveToAnotherShardAndSaysGoodbye) {
  const test::TcpClient client(listener->port());
  SSL* const ssl = handshake(client);
  const std::string big = pattern(1'000'000);
  recorder.after_data = [&] {  // once, in the middle of things
    recorder.after_data = nullptr;
    recorder.stream->detach();
    shards[1].post([&] { recorder.stream->attach(shards[1], recorder); });
  };
  write_all(ssl, big);
  EXPECT_TRUE(hears(big));
  test::on_shard(shards[1], [&] {
    recorder.stream->write(big);
    Stream::close_gracefully(std::move(recorder.stream));
  });
  EXPECT_EQ(read_exactly(ssl, big.size()), big);
  char extra;
  EXPECT_EQ(SSL_read(ssl, &extra, 1), 0);
  EXPECT_EQ(SSL_get_error(ssl, 0), SSL_ERROR_ZERO_RETURN) << "close_notify before the end";
  SSL_free(ssl);
}

TEST_F(TlsTest, WritesThatBeginBeforeTheHandshakeGoOutAfterIt) {
  test::TcpClient client(listener->port());
  ASSERT_TRUE([&] {
    for (;;)
      if (test::on_shard(shards[0], [&] { return recorder.stream != nullptr; })) return true;
  }());
  test::on_shard(shards[0], [&] { recorder.stream->write("early"); });
  SSL* const ssl = handshake(client);
  EXPECT_EQ(read_exactly(ssl, 5), "early");
  SSL_free(ssl);
}

TEST_F(TlsTest, TellsAClientThatSpeaksPlainHttp) {
  test::TcpClient client(listener->port());
  client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
  const auto answer = client.read_answer();
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.body, "This port speaks TLS. Use https:// or wss://");
  EXPECT_TRUE(client.at_end());
}

TEST_F(TlsTest, NamesTheFileThatIsWrong) {
  const auto missing = TlsContext::from_files("/nonexistent.pem", key_file);
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("/nonexistent.pem"), std::string::npos);
  const auto swapped = TlsContext::from_files(key_file, certificate_file);
  ASSERT_FALSE(swapped);
  EXPECT_NE(swapped.error().message.find(key_file), std::string::npos);
}

// --- Listener ---------------------------------------------------------------------------------------------

TEST(Listener, RefusesATakenPortAndABadAddressWithAReason) {
  const auto first = Listener::open({});
  ASSERT_TRUE(first);
  const auto taken = Listener::check_free({.port = (*first)->port()});
  ASSERT_FALSE(taken);
  EXPECT_NE(taken.error().message.find("taken"), std::string::npos);
  const auto bad = Listener::open({.host = "localhost"});
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().message.find("numeric"), std::string::npos);
}

}  // namespace
}  // namespace patchbay::net
