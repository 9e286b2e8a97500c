// Decides what serves a request: the realtime endpoint, the REST API (on the worker pool), the sandbox, or
// the panel. Thread-safe; runs on the shards, never blocks.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "base/worker_pool.h"
#include "http/origin_policy.h"
#include "http/server.h"
#include "http/static_site.h"
#include "sandbox/server.h"
#include "socketio/server.h"

namespace patchbay::app {

class FrontDoor final : public http::Handler {
 public:
  // Blocking; called on worker threads.
  using Api = std::function<http::Response(const http::Request&)>;

  // Everything referred to must outlive this object.
  FrontDoor(socketio::Server& io, Api api, Api metrics, WorkerPool& workers, const http::StaticSite& site,
            const http::OriginPolicy& origins)
      : io_(io),
        api_(std::move(api)),
        metrics_(std::move(metrics)),
        workers_(workers),
        site_(site),
        origins_(origins) {}

  void handle(const http::ExchangePtr& exchange) override;
  // Everything of the sandbox is served here too, for pages of this server. Before the first request.
  void add_sandbox(sandbox::Sandbox& sandbox) { sandbox_ = &sandbox; }
  // From now on requests to the REST API are answered 503; those that were taken go on. Any thread.
  void refuse_api() { refusing_api_.store(true, std::memory_order_relaxed); }

 private:
  void on_worker(const http::ExchangePtr& exchange, const Api& serve);
  void refuse_busy(const http::ExchangePtr& exchange, http::Responder& answer) const;

  socketio::Server& io_;
  const Api api_;
  const Api metrics_;
  WorkerPool& workers_;
  const http::StaticSite& site_;
  const http::OriginPolicy& origins_;
  sandbox::Sandbox* sandbox_ = nullptr;
  std::atomic<bool> refusing_api_{false};
};

}  // namespace patchbay::app
