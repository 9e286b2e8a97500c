#include "socketio/standalone_server.h"

#include <csignal>
#include <thread>

#include "net/tls.h"

namespace patchbay::socketio {

struct StandaloneServer::Parts final : http::Handler {
  explicit Parts(StandaloneOptions given)
      : options(std::move(given)),
        shards(options.shards > 0 ? options.shards : std::max(1u, std::thread::hardware_concurrency())),
        io(shards, options.io) {}

  void handle(const http::ExchangePtr& exchange) override {
    if (io.owns_path(exchange->request().path)) return io.handle(exchange);
    if (on_request) return on_request(exchange);
    exchange->respond(http::error_response(404, "RESOURCE_NOT_FOUND",
                                           "Only " + io.options().engine.path + " is served here."));
  }

  StandaloneOptions options;
  net::ShardGroup shards;
  Server io;
  std::function<void(const http::ExchangePtr&)> on_request;
  std::unique_ptr<http::Server> http;
};

StandaloneServer::StandaloneServer(StandaloneOptions options)
    : parts_(std::make_unique<Parts>(std::move(options))) {}

StandaloneServer::~StandaloneServer() {
  stop();
}

Server& StandaloneServer::io() {
  return parts_->io;
}

void StandaloneServer::on_request(std::function<void(const http::ExchangePtr&)> handler) {
  parts_->on_request = std::move(handler);
}

Status StandaloneServer::start() {
  const StandaloneOptions& options = parts_->options;
  http::ServerOptions http_options = options.http;
  http_options.listen.host = options.host;
  http_options.listen.port = options.port;
  // Room for a whole polling body; Engine.IO refuses what is larger than maxPayload itself.
  http_options.limits.max_body_bytes = options.io.engine.session.max_payload + 1024;
  if (!options.tls_certificate.empty() || !options.tls_key.empty()) {
    auto tls = net::TlsContext::from_files(options.tls_certificate, options.tls_key);
    if (!tls) return std::unexpected(tls.error());
    http_options.listen.tls = *tls;
  }
  parts_->http = std::make_unique<http::Server>(parts_->shards, *parts_, http_options);
  parts_->shards.start();
  return parts_->http->start();
}

Status StandaloneServer::run(const std::function<void()>& on_listening) {
  // Blocked before the loops' threads start, so that they inherit it.
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);
  if (auto status = start(); !status) return status;
  if (on_listening) on_listening();
  int signal = 0;
  sigwait(&ending, &signal);
  pthread_sigmask(SIG_UNBLOCK, &ending, nullptr);  // a second one ends the process
  parts_->io.close_within(parts_->options.drain_timeout);
  stop();
  return {};
}

uint16_t StandaloneServer::port() const {
  return parts_->http ? parts_->http->port() : 0;
}

void StandaloneServer::stop() {
  if (parts_->http == nullptr) return;
  parts_->http->stop_accepting();
  parts_->io.close();
  parts_->http->stop();
  parts_->shards.stop();
  parts_->http = nullptr;
}

}  // namespace patchbay::socketio
