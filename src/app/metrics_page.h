// GET /metrics in the Prometheus text format, made from the counters that every part keeps. Thread-safe.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/worker_pool.h"
#include "http/message.h"
#include "http/server.h"
#include "manager/instances.h"
#include "realtime/realtime.h"
#include "socketio/server.h"
#include "store/store.h"

namespace patchbay::app {

class MetricsPage {
 public:
  struct Sources {
    net::ShardGroup& shards;
    const http::Server& http;
    socketio::Server& io;
    const realtime::Realtime& realtime;
    const manager::Instances& instances;
    const store::Store& store;
    const WorkerPool& workers;
  };
  // With a token, "Authorization: Bearer <token>" is asked for; without one, only this machine may read.
  MetricsPage(Sources sources, std::string token) : sources_(sources), token_(std::move(token)) {}

  http::Response respond(const http::Request& request) const;

 private:
  std::string render() const;
  Sources sources_;
  std::string token_;
};

}  // namespace patchbay::app
