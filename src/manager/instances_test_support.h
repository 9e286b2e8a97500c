// For tests: a real store in a folder of its own with one subscription and user, a sink that remembers, an
// executor with a thread, and a store that can be told to refuse writes.
#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/executor.h"
#include "base/ids.h"
#include "crypto/secret_box.h"
#include "manager/caller.h"
#include "manager/event_sink.h"
#include "store/sqlite_store.h"
#include "store/store.h"

namespace patchbay::manager {

class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("patchbay-" + random_hex(8))) {}
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

inline const crypto::SecretBox& test_secret_box() {
  static const crypto::SecretBox box = *crypto::SecretBox::from_text(std::string(64, 'a'));
  return box;
}

inline std::unique_ptr<store::Store> open_test_store(const Folder& folder) {
  auto store = store::open_sqlite_store({.directory = folder.path(), .secret_box = &test_secret_box()});
  if (!store) ADD_FAILURE() << store.error().message << " " << store.error().detail;
  return store ? std::move(*store) : nullptr;
}

// A subscription with one user in it.
inline Caller make_tenant(store::Store& store, const std::string& name, int64_t max_instances = 50) {
  const WallTime now = from_unix_ms(1'700'000'000'000);
  Caller caller;
  caller.subscription_id = make_cuid(now);
  caller.user_id = make_cuid(now);
  caller.email = name + "@example.com";
  caller.role = Role::kAdministrator;
  const Status status = store.write_sync([&](store::WriteTransaction& tx) -> Status {
    store::Subscription subscription;
    subscription.id = caller.subscription_id;
    subscription.name = name;
    subscription.max_instances = max_instances;
    PB_TRY(tx.insert_subscription(subscription));
    store::User user;
    user.id = caller.user_id;
    user.email = caller.email;
    user.name = name;
    user.password_hash = "none";
    user.subscription_id = caller.subscription_id;
    return tx.insert_user(user);
  });
  EXPECT_TRUE(status) << status.error().message;
  return caller;
}

// Remembers what was published, and that each event was in the log by then. Thread-safe.
class RecordingSink final : public EventSink {
 public:
  explicit RecordingSink(store::Store& store) : store_(&store) {}

  void publish(const InstanceEvent& event) override {
    const auto logged = store_->read(
        [&](store::ReadTransaction& tx) { return tx.events_after(event.instance_id, event.seq - 1, 1); });
    EXPECT_TRUE(logged) << logged.error().message;
    if (!logged->empty()) {  // empty: the instance was removed in the same change
      EXPECT_EQ(logged->front().seq, event.seq);
      EXPECT_EQ(logged->front().payload_json, event.data);
    }
    const std::lock_guard lock(mutex_);
    events_.push_back(event);
  }
  void instance_removed(std::string_view instance_id, std::string_view) override {
    const std::lock_guard lock(mutex_);
    removed_.emplace_back(instance_id);
  }

  std::vector<InstanceEvent> events() const {
    const std::lock_guard lock(mutex_);
    return events_;
  }
  // "status QR_REQUIRED", "qr 1", "connected", ...
  std::vector<std::string> story() const;
  std::vector<std::string> removed() const {
    const std::lock_guard lock(mutex_);
    return removed_;
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    events_.clear();
  }

 private:
  store::Store* const store_;
  mutable std::mutex mutex_;  // guards what follows
  std::vector<InstanceEvent> events_;
  std::vector<std::string> removed_;
};

inline std::string field_of(const std::string& data, const std::string& name) {
  const std::string key = "\"" + name + "\":";
  const auto at = data.find(key);
  if (at == std::string::npos) return {};
  std::string rest = data.substr(at + key.size());
  rest = rest.substr(0, rest.find_first_of(",}"));
  std::erase(rest, '"');
  return rest;
}

inline std::vector<std::string> RecordingSink::story() const {
  std::vector<std::string> out;
  for (const InstanceEvent& event : events()) {
    switch (event.type) {
      case InstanceEventType::kStatusChanged:
        out.push_back("status " + field_of(event.data, "newStatus"));
        break;
      case InstanceEventType::kQrGenerated:
        out.push_back("qr " + field_of(event.data, "attempt"));
        break;
      case InstanceEventType::kPairCodeGenerated:
        out.push_back("pair code");
        break;
      case InstanceEventType::kPasskeyRequired:
        out.push_back("passkey");
        break;
      case InstanceEventType::kPasskeyCode:
        out.push_back("passkey code");
        break;
      case InstanceEventType::kConnected:
        out.push_back("connected");
        break;
      case InstanceEventType::kDisconnected:
        out.push_back("disconnected");
        break;
      case InstanceEventType::kError:
        out.push_back("error " + field_of(event.data, "code"));
        break;
    }
  }
  return out;
}

// Every event of every instance in order and without a gap.
inline void expect_no_gaps(const std::vector<InstanceEvent>& events) {
  std::map<std::string, uint64_t> last;
  for (const InstanceEvent& event : events) {
    auto [at, first] = last.try_emplace(event.instance_id, event.seq);
    if (!first) {
      EXPECT_EQ(event.seq, at->second + 1) << event.instance_id;
      at->second = event.seq;
    }
  }
}

// A store that can be told to refuse writes, as a full disk does. Thread-safe.
class RefusingStore final : public store::Store {
 public:
  explicit RefusingStore(store::Store& inner) : inner_(inner) {}
  std::atomic<bool> refuse{false};
  // Writes that are accepted before `refuse` turns itself on; negative: it does not.
  std::atomic<int> accept{-1};

  void write(WriteFunction function, DoneFunction on_done) override {
    if (accept == 0) refuse = true;
    if (accept >= 0) --accept;
    if (refuse) return on_done(fail(ErrorCode::kStorageFull, "The disk is full."));
    inner_.write(std::move(function), std::move(on_done));
  }
  void flush() override { inner_.flush(); }
  void stop() override { inner_.stop(); }
  store::StoreMetrics metrics() const override { return inner_.metrics(); }
  Status check_health() override { return inner_.check_health(); }

 protected:
  Status run_read(const ReadFunction& function) override {
    return inner_.read([&](store::ReadTransaction& tx) -> Status { return function(tx); });
  }

 private:
  store::Store& inner_;
};

// An executor with a thread of its own, in real time.
class ThreadExecutor final : public Executor {
 public:
  explicit ThreadExecutor(const Clock& clock) : clock_(clock), thread_([this] { run(); }) {}
  ~ThreadExecutor() override { end(); }

  // Runs nothing more, and joins.
  void end() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  void post(Task task) override {
    {
      const std::lock_guard lock(mutex_);
      if (ending_) return;
      ready_.push_back(std::move(task));
    }
    wake_.notify_all();
  }
  [[nodiscard]] Timer run_after(Milliseconds delay, Task task) override {
    const std::lock_guard lock(mutex_);
    timers_.emplace(std::pair(clock_.steady_now() + delay, ++last_id_), std::move(task));
    wake_.notify_all();
    return Timer(this, last_id_);
  }
  SteadyTime now() const override { return clock_.steady_now(); }

 private:
  void cancel_timer(uint64_t id) override {
    Task doomed;  // destroyed without the lock: it may hold timers itself
    const std::lock_guard lock(mutex_);
    for (auto it = timers_.begin(); it != timers_.end(); ++it)
      if (it->first.second == id) {
        doomed = std::move(it->second);
        timers_.erase(it);
        return;
      }
  }
  void run() {
    std::unique_lock lock(mutex_);
    while (!ending_) {
      Task task;
      if (!ready_.empty()) {
        task = std::move(ready_.front());
        ready_.pop_front();
      } else if (!timers_.empty() && timers_.begin()->first.first <= clock_.steady_now()) {
        task = std::move(timers_.begin()->second);
        timers_.erase(timers_.begin());
      } else {
        wake_.wait_for(lock, Milliseconds(1));
        continue;
      }
      lock.unlock();
      task();
      task = {};
      lock.lock();
    }
  }

  const Clock& clock_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::deque<Task> ready_;
  std::map<std::pair<SteadyTime, uint64_t>, Task> timers_;
  uint64_t last_id_ = 0;
  bool ending_ = false;
  std::thread thread_;
};

// Polls until `condition` holds; a minute is only ever reached by a failure.
template <typename F>
bool eventually(F condition) {
  for (int i = 0; i < 60'000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(Milliseconds(1));
  }
  return false;
}

}  // namespace patchbay::manager
