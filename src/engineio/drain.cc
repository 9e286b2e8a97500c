#include "engineio/drain.h"

#include <algorithm>

#include "base/ids.h"
#include "engineio/server_shard.h"

namespace patchbay::engineio {

std::vector<DrainStep> drain_schedule(std::vector<SessionId> sessions, SteadyTime now, Milliseconds spread) {
  const auto span = static_cast<double>(std::max<int64_t>(spread.count(), 0));
  std::vector<DrainStep> steps;
  steps.reserve(sessions.size());
  for (const SessionId& session : sessions)
    steps.push_back(
        {.when = now + Milliseconds(static_cast<int64_t>(random_unit() * (span + 1))), .session = session});
  std::ranges::sort(steps, std::greater(), &DrainStep::when);
  return steps;
}

Server::Drain::Drain(PerShard& shard, Milliseconds spread, std::shared_ptr<Progress> progress)
    : shard_(shard), progress_(std::move(progress)) {
  std::vector<SessionId> ids;
  ids.reserve(shard.sessions.size());
  for (const auto& [id, link] : shard.sessions) ids.push_back(id);
  steps_ = drain_schedule(std::move(ids), shard.shard->now(), spread);
  shard.shard->schedule(*this, Milliseconds(0));
}

void Server::Drain::on_session_gone() {
  if (progress_ && shard_.sessions.empty()) shard_.shard->schedule(*this, Milliseconds(0));
}

void Server::Drain::on_timer() {
  net::Shard& shard = *shard_.shard;
  while (!steps_.empty() && steps_.back().when <= shard.now()) {
    const SessionId id = steps_.back().session;
    steps_.pop_back();
    if (Link* const link = shard_.find(id)) link->session().close(shard.now(), CloseReason::kServerShutdown);
  }
  if (!progress_) return;
  if (shard_.sessions.empty()) steps_.clear();
  if (!steps_.empty()) {
    shard.timers().schedule(*this, static_cast<uint64_t>(steps_.back().when.time_since_epoch().count()));
  } else if (shard_.sessions.empty()) {
    // What was queued for the last of them leaves through streams that the shard keeps until then.
    if (shard.adopted_count() > 0) return shard.schedule(*this, kLastBytes);
    const auto progress = std::exchange(progress_, nullptr);
    if (progress->shards_left.fetch_sub(1) == 1 && progress->done) progress->done();
  }
}

}  // namespace patchbay::engineio
