#include "manager/usage_recorder.h"

#include <algorithm>
#include <vector>

#include "base/log.h"
#include "store/store.h"

namespace patchbay::manager {

UsageRecorder::UsageRecorder(store::Store& store, const Clock& clock)
    : UsageRecorder(store, clock, Options{}) {}

UsageRecorder::UsageRecorder(store::Store& store, const Clock& clock, Options options)
    : store_(store), clock_(clock), options_(options), next_flush_(clock.steady_now() + options.interval) {}

void UsageRecorder::user_seen(std::string_view user_id) {
  {
    const std::lock_guard lock(mutex_);
    if (pending_.users.size() < options_.max_entries || pending_.users.contains(std::string(user_id)))
      pending_.users[std::string(user_id)] = clock_.wall_now();
  }
  flush_if_due();
}

void UsageRecorder::key_used(std::string_view key_id) {
  {
    const std::lock_guard lock(mutex_);
    if (pending_.keys.size() < options_.max_entries || pending_.keys.contains(std::string(key_id))) {
      Usage& usage = pending_.keys[std::string(key_id)];
      ++usage.count;
      usage.last_used_at = clock_.wall_now();
    }
  }
  flush_if_due();
}

UsageRecorder::Usage UsageRecorder::pending(std::string_view key_id) const {
  const std::lock_guard lock(mutex_);
  Usage sum;
  for (const Pending* const part : {&pending_, &in_flight_}) {
    const auto found = part->keys.find(std::string(key_id));
    if (found == part->keys.end()) continue;
    sum.count += found->second.count;
    sum.last_used_at = std::max(sum.last_used_at, found->second.last_used_at);
  }
  return sum;
}

uint64_t UsageRecorder::generation() const {
  const std::lock_guard lock(mutex_);
  return generation_;
}

void UsageRecorder::forget_key(std::string_view key_id) {
  const std::lock_guard lock(mutex_);
  pending_.keys.erase(std::string(key_id));
}

void UsageRecorder::flush_if_due() {
  {
    const std::lock_guard lock(mutex_);
    if (clock_.steady_now() < next_flush_) return;
  }
  flush();
}

void UsageRecorder::flush() {
  std::vector<store::ApiKeyUsage> keys;
  std::vector<store::UserSeen> users;
  {
    const std::lock_guard lock(mutex_);
    next_flush_ = clock_.steady_now() + options_.interval;
    if (writing_ || pending_.empty()) return;
    writing_ = true;
    in_flight_ = std::move(pending_);
    pending_ = {};
    for (const auto& [id, usage] : in_flight_.keys) keys.push_back({id, usage.count, usage.last_used_at});
    for (const auto& [id, at] : in_flight_.users) users.push_back({id, at});
  }
  store_.write(
      [keys = std::move(keys), users = std::move(users)](store::WriteTransaction& tx) -> Status {
        PB_TRY(tx.add_api_key_usage(keys));
        return tx.touch_users(users);
      },
      [this](Status status) {
        if (!status)
          log::warning("usage counts wait for the next write", {{"cause", to_string(status.error().code)}});
        finished(status.has_value());
      });
}

// A write that failed goes back among what is pending.
void UsageRecorder::finished(bool success) {
  const std::lock_guard lock(mutex_);
  if (!success) {
    for (const auto& [id, usage] : in_flight_.keys) {
      Usage& kept = pending_.keys[id];
      kept.count += usage.count;
      kept.last_used_at = std::max(kept.last_used_at, usage.last_used_at);
    }
    for (const auto& [id, at] : in_flight_.users) {
      WallTime& kept = pending_.users[id];
      kept = std::max(kept, at);
    }
  }
  in_flight_ = {};
  writing_ = false;
  ++generation_;
}

void UsageRecorder::stop() {
  store_.flush();
  flush();
  store_.flush();
}

}  // namespace patchbay::manager
