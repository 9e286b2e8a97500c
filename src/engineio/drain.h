// A server that goes down gently: the sessions of one shard are closed at random moments across a span of
// time, so that their clients do not all come back to the next node at once, each when it has been given the
// answers it was owed; then the shard says that it is empty. Shard-local, but for the schedule, which is a
// pure function. Internal to the module.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "engineio/server.h"

namespace patchbay::engineio {

struct DrainStep {
  SteadyTime when;
  SessionId session;
};
// One step a session, at a uniformly random moment of [now, now + spread], latest first.
std::vector<DrainStep> drain_schedule(const std::vector<SessionId>& sessions, SteadyTime now,
                                      Milliseconds spread);

class Server::Drain final : private net::TimerNode {
 public:
  // What the shards share: who finishes last calls `done`.
  struct Progress {
    std::atomic<size_t> shards_left;
    std::function<void()> done;
  };

  Drain(PerShard& shard, Milliseconds spread, std::shared_ptr<Progress> progress);
  // A session has been forgotten.
  void on_session_gone();

 private:
  // How often to look whether an answer has been given, or the last bytes have left.
  static constexpr Milliseconds kLook{20};
  // How long a session may go on for the answers that it owes; past it, it closes without them.
  static constexpr Milliseconds kPatience{2'000};

  void on_timer() override;
  // Closes the session; false when it owes answers, unless `at_once`.
  bool end(const SessionId& id, bool at_once);

  PerShard& shard_;
  std::shared_ptr<Progress> progress_;  // null when this shard has finished
  std::vector<DrainStep> steps_;
  std::vector<DrainStep> owing_;  // sessions whose moment has come, until when they may go on
  std::optional<uint64_t> mark_;  // Shard::adoptions() when the last session had gone
};

}  // namespace patchbay::engineio
