#include "app/sandbox_host.h"

#include "base/error_code.h"
#include "sandbox/control.h"

namespace patchbay::app {
namespace {

http::ServerOptions with_room_for_images(http::ServerOptions options) {
  options.limits.max_body_bytes = sandbox::Control::kMaxBodyBytes;
  return options;
}

}  // namespace

void SandboxHost::Door::handle(const http::ExchangePtr& exchange) {
  if (sandbox::Sandbox::owns_path(exchange->request().path)) return sandbox_.handle(exchange);
  exchange->respond(http::error_response(
      404, to_string(ErrorCode::kResourceNotFound),
      "This is a Patchbay sandbox: clients connect to /ws/chat, the control is at /api/sandbox."));
}

SandboxHost::SandboxHost(const Clock& clock, const sandbox::NetworkOptions& network,
                         http::ServerOptions server)
    : host_(server.listen.host),
      tls_(server.listen.tls != nullptr),
      sandbox_(shards_[0], clock, network),
      door_(sandbox_),
      server_(shards_, door_, with_room_for_images(std::move(server))) {}

SandboxHost::~SandboxHost() {
  stop();
}

Status SandboxHost::start() {
  running_ = true;
  shards_.start();
  sandbox_.start();
  return server_.start();
}

void SandboxHost::stop() {
  if (!running_) return;
  running_ = false;
  server_.stop_accepting();
  server_.stop();
  sandbox_.stop();
  shards_.stop();
}

std::string SandboxHost::url(const char* plain, const char* secure, std::string_view path) const {
  const std::string host = host_.find(':') == std::string::npos ? host_ : "[" + host_ + "]";
  return std::string(tls_ ? secure : plain) + "://" + host + ":" + std::to_string(port()) + std::string(path);
}

std::string SandboxHost::socket_url() const {
  return url("ws", "wss", sandbox::Sandbox::kSocketPath);
}

std::string SandboxHost::control_url() const {
  return url("http", "https", sandbox::Sandbox::kControlPath);
}

}  // namespace patchbay::app
