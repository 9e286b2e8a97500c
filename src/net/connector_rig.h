// A listener that echoes, and a connector that says hello to it, on one shard. For tests only.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "net/connector.h"
#include "net/listener.h"
#include "net/test_certificate.h"
#include "net/test_client.h"

namespace patchbay::net::test {

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
  Caller(Shard& shard, StreamPtr stream, Watched<Outcome>& outcome)
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
  Watched<Outcome>& outcome_;
};

class ConnectorRig : public testing::Test {
 protected:
  ConnectorRig() { shards.start(); }
  ~ConnectorRig() override {
    on_shard(shard, [this] {
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
    on_shard(shard, [this] {
      listener->start(shard, [this](StreamPtr stream) {
        echoes.push_back(std::make_unique<Echo>(shard, std::move(stream)));
      });
    });
  }
  void connect(ConnectOptions options) {
    on_shard(shard, [&] {
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
  std::shared_ptr<TlsContext> serving(const Certificate& certificate) {
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
  Watched<Outcome> outcome;
};

}  // namespace patchbay::net::test
