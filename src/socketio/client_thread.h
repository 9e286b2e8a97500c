// A Socket.IO client with a thread of its own, for programs that have no event loop. The object belongs to
// the thread that made it; run() and post() may be called from any thread but the client's.
//   socketio::ClientThread io({.engine = {.url = *http::Url::parse("http://127.0.0.1:3000")}});
//   io.run([](socketio::Client& client) { client.of("/").emit("hello"); });
#pragma once

#include <functional>
#include <memory>

#include "socketio/client.h"

namespace patchbay::socketio {

class ClientThread {
 public:
  explicit ClientThread(ClientOptions options);
  // Leaves politely (bounded by ClientSession::Options::close_timeout and net::Shard::kFarewell) and joins
  // the thread.
  ~ClientThread();
  ClientThread(const ClientThread&) = delete;
  ClientThread& operator=(const ClientThread&) = delete;

  // Runs `task` on the client's thread and waits until it has. Handlers run on that thread, too.
  void run(const std::function<void(Client&)>& task);
  // The same without waiting.
  void post(std::move_only_function<void(Client&)> task);
  net::Shard& shard() { return shards_[0]; }

 private:
  net::ShardGroup shards_{1};
  std::shared_ptr<net::Resolver> resolver_;  // ends after the loop has, before the shard
  std::unique_ptr<Client> client_;
};

}  // namespace patchbay::socketio
