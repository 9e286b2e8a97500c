// The sandbox on the network: WebSockets at /ws/chat, each a connection of the network; everything under
// /api/sandbox is the control's. The world lives on one home shard, whatever shard a request comes to.
// Thread-safe; handle() runs on the exchange's shard.
#pragma once

#include <atomic>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "http/server.h"
#include "net/shard.h"
#include "sandbox/network.h"

namespace patchbay::sandbox {

class Control;

class Sandbox {
 public:
  static constexpr std::string_view kSocketPath = "/ws/chat";
  static constexpr std::string_view kControlPath = "/api/sandbox";

  // `home` and `clock` must outlive it.
  Sandbox(net::Shard& home, const Clock& clock, const NetworkOptions& options);
  ~Sandbox();

  // Makes the world. The shards run. Not from a shard.
  void start();
  // Ends every connection and takes the world down; requests are answered 503 from now on. Not from a shard.
  void stop();

  // Whether a request is for the sandbox.
  static bool owns_path(std::string_view path);
  void handle(const http::ExchangePtr& exchange);

  // The key under which this sandbox's certificates hang. After start().
  const crypto::Key32& root() const { return root_; }

 private:
  class Peer;
  class Peers;
  void on_home(std::move_only_function<void()> task);

  net::Shard& home_;
  const Clock& clock_;
  const NetworkOptions options_;
  crypto::Key32 root_{};
  std::atomic<bool> running_{false};
  // Of the home shard, from here on:
  std::unique_ptr<Network> network_;
  std::unique_ptr<Control> control_;
  std::unique_ptr<Peers> peers_;
};

}  // namespace patchbay::sandbox
