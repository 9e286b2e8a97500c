#include "engineio/drain.h"

#include <algorithm>

#include "base/ids.h"
#include "engineio/server_shard.h"

namespace patchbay::engineio {

std::vector<DrainStep> drain_schedule(const std::vector<SessionId>& sessions, SteadyTime now,
                                      Milliseconds spread) {
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
  steps_ = drain_schedule(ids, shard.shard->now(), spread);
  shard.shard->schedule(*this, Milliseconds(0));
}

void Server::Drain::on_session_gone() {
  if (progress_ && shard_.sessions.empty()) shard_.shard->schedule(*this, Milliseconds(0));
}

bool Server::Drain::end(const SessionId& id, bool at_once) {
  Link* const link = shard_.find(id);
  if (link == nullptr) return true;
  if (!link->wind_down() && !at_once) return false;
  link->session().close(shard_.shard->now(), CloseReason::kServerShutdown);
  return true;
}

void Server::Drain::on_timer() {
  net::Shard& shard = *shard_.shard;
  const SteadyTime now = shard.now();
  std::erase_if(owing_, [&](const DrainStep& step) { return end(step.session, now >= step.when); });
  while (!steps_.empty() && steps_.back().when <= now) {
    const SessionId id = steps_.back().session;
    steps_.pop_back();
    if (!end(id, false)) owing_.push_back({.when = now + kPatience, .session = id});
  }
  if (!progress_) return;
  if (!owing_.empty()) return shard.schedule(*this, kLook);
  if (!shard_.sessions.empty()) {
    if (!steps_.empty())
      shard.timers().schedule(*this, static_cast<uint64_t>(steps_.back().when.time_since_epoch().count()));
    return;
  }
  // What was queued for the last of them leaves through streams that the shard keeps until then. Streams of
  // those who come later and are turned away do not count.
  if (!mark_) mark_ = shard.adoptions();
  if (shard.adopted_before(*mark_) > 0) return shard.schedule(*this, kLook);
  const auto progress = std::exchange(progress_, nullptr);
  if (progress->shards_left.fetch_sub(1) == 1 && progress->done) progress->done();
}

}  // namespace patchbay::engineio
