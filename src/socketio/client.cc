#include "socketio/client.h"

#include "socketio/client_core.h"

namespace patchbay::socketio {

void Client::Deleter::operator()(ClientCore* core) const {
  net::Shard& shard = core->shard();
  core->shut();
  shard.destroy_later(std::unique_ptr<net::Disposable>(core));
}

Client::Client(net::Shard& shard, ClientOptions options) : core_(new ClientCore(shard, std::move(options))) {}

Client::~Client() = default;

ClientSocket& Client::of(std::string_view nsp) {
  return core_->of(nsp);
}

bool Client::is_open() const {
  return core_->is_open();
}

engineio::TransportKind Client::transport() const {
  engineio::Client* const engine = core_->engine();
  return engine == nullptr ? engineio::TransportKind::kPolling : engine->session().transport();
}

size_t Client::buffered_bytes() const {
  return core_->buffered_bytes();
}

void Client::reconnect_now() {
  core_->reconnect_now();
}

void Client::close() {
  core_->close();
}

void Client::on_reconnect_attempt(std::function<void(uint32_t)> handler) {
  core_->on_reconnect_attempt_ = std::move(handler);
}

void Client::on_reconnect(std::function<void()> handler) {
  core_->on_reconnect_ = std::move(handler);
}

void Client::on_reconnect_failed(std::function<void()> handler) {
  core_->on_reconnect_failed_ = std::move(handler);
}

}  // namespace patchbay::socketio
