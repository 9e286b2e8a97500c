#include "socketio/client_thread.h"

namespace patchbay::socketio {

ClientThread::ClientThread(ClientOptions options) {
  if (!options.engine.resolver) options.engine.resolver = std::make_shared<net::Resolver>();
  resolver_ = options.engine.resolver;
  shards_.start();
  shards_.run_on_each([&](net::Shard& shard) { client_ = std::make_unique<Client>(shard, options); });
}

ClientThread::~ClientThread() {
  shards_.run_on_each([this](net::Shard&) { client_.reset(); });
  shards_.stop();
}

void ClientThread::run(const std::function<void(Client&)>& task) {
  shards_.run_on_each([&](net::Shard&) { task(*client_); });
}

void ClientThread::post(std::move_only_function<void(Client&)> task) {
  shard().post([this, task = std::move(task)]() mutable {
    if (client_) task(*client_);
  });
}

}  // namespace patchbay::socketio
