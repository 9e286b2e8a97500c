#include "app/front_door.h"

#include <memory>

#include "base/error_code.h"

namespace patchbay::app {
namespace {

bool is_api_path(std::string_view path) {
  return path == "/api" || path.starts_with("/api/") || path == "/health";
}

}  // namespace

void FrontDoor::handle(const http::ExchangePtr& exchange) {
  const http::Request& request = exchange->request();
  if (io_.owns_path(request.path)) return io_.handle(exchange);
  if (sandbox_ != nullptr && sandbox::Sandbox::owns_path(request.path)) {
    // It asks for no token: whoever is not a page of this server must be a program of this machine.
    if (origins_.check(request) == http::OriginPolicy::Verdict::kRefused)
      return exchange->respond(origins_.refusal(request));
    return sandbox_->handle(exchange);
  }
  if (is_api_path(request.path)) {
    if (auto preflight = origins_.preflight(request)) return exchange->respond(std::move(*preflight));
    if (refusing_api_.load(std::memory_order_relaxed)) {
      auto answer = exchange->responder();
      return refuse_busy(exchange, answer);
    }
    return on_worker(exchange, api_);
  }
  if (request.path == "/metrics") return on_worker(exchange, metrics_);
  exchange->respond(site_.respond(request));
}

void FrontDoor::on_worker(const http::ExchangePtr& exchange, const Api& serve) {
  auto answer = std::make_shared<http::Responder>(exchange->responder());
  const bool queued = workers_.try_post([this, exchange, answer, &serve] {
    const http::Request& request = exchange->request();
    http::Response response = serve(request);
    origins_.add_headers(request, response);
    (*answer)(std::move(response));
  });
  if (!queued) refuse_busy(exchange, *answer);
}

void FrontDoor::refuse_busy(const http::ExchangePtr& exchange, http::Responder& answer) const {
  http::Response busy = http::error_response(503, to_string(ErrorCode::kServiceUnavailable),
                                             "The server is busy or stopping. Try again in a moment.");
  busy.set("retry-after", "1");
  busy.close = refusing_api_.load(std::memory_order_relaxed);
  origins_.add_headers(exchange->request(), busy);
  answer(std::move(busy));
}

}  // namespace patchbay::app
