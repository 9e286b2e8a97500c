// Inside of Instances: what its three sources share (instances.cc the lives, instances_rest.cc the calls of
// REST, instances_views.cc what they show). Not for anybody else. Thread-safe, but Entry::runtime and the
// prune timer, which belong to their executors.
#pragma once

#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "manager/caller.h"
#include "manager/event_sink.h"
#include "manager/instance_runtime.h"
#include "manager/instance_settings.h"
#include "manager/instances.h"
#include "store/store.h"
#include "whatsapp/engine.h"

namespace patchbay::manager {

// The answers that several calls share.
std::unexpected<Error> no_such_instance();
std::unexpected<Error> service_stopping();

class Instances::Impl {
 public:
  Impl(store::Store& store, whatsapp::Engine& engine, EventSink& sink, const Clock& clock,
       std::vector<Executor*> executors, InstancesOptions options)
      : store_(store),
        engine_(engine),
        sink_(sink),
        clock_(clock),
        executors_(std::move(executors)),
        options_(options),
        pace_(clock, *executors_.front(), options.pace) {}

  ~Impl() {
    // What the store still has in hand posts to the executors when it is done.
    store_.flush();
    // Nothing is left after stop(); otherwise the executors have ended, and this thread is alone.
    for (const EntryPtr& entry : all()) drop_runtime(*entry);
  }

  // One instance. `runtime` belongs to the executor's thread; made and destroyed there.
  struct Entry {
    std::string id;
    std::string subscription_id;
    Executor* executor = nullptr;
    std::unique_ptr<InstanceRuntime> runtime;
    // The runtime for live(), which any thread may call; set while it is alive.
    std::mutex mutex;  // guards live_source
    const InstanceRuntime* live_source = nullptr;
  };
  using EntryPtr = std::shared_ptr<Entry>;

  Status start();
  void stop();
  Result<InstanceDetails> create(const Caller& caller, const NewInstance& request);
  Result<InstancePage> list(const Caller& caller, const InstanceQuery& query);
  Result<InstanceDetails> get(const Caller& caller, std::string_view id);
  Result<InstanceDetails> update(const Caller& caller, std::string_view id, const InstanceUpdate& request);
  Result<std::string> remove(const Caller& caller, std::string_view id);
  Status operate(const Caller& caller, std::string_view id, Operation operation);
  Result<Linking::PairCode> request_pair_code(const Caller& caller, std::string_view id,
                                              std::string_view phone);
  Status answer_passkey(const Caller& caller, std::string_view id, std::string_view assertion_json);
  Result<std::optional<QrView>> qr(const Caller& caller, std::string_view id);
  Result<EventPage> events(const Caller& caller, std::string_view id, uint64_t after, int limit);
  std::optional<std::string> subscription_of(std::string_view id) const;
  void snapshot(std::string_view id, std::move_only_function<void(Result<InstanceSnapshot>)> done);
  void client_profile_changed();
  Totals totals() const;
  ConnectPace::Counts connecting() const { return pace_.counts(); }

 private:
  EntryPtr find(std::string_view id) const;
  Result<EntryPtr> visible(const Caller& caller, std::string_view id) const;
  std::vector<EntryPtr> all() const;
  std::optional<LiveInstance> live(std::string_view id) const;
  // `damaged`: its credentials cannot be read.
  EntryPtr add(const store::Instance& row, std::optional<std::string> credentials, std::string proxy_url,
               bool damaged);
  void forget(const EntryPtr& entry);
  static void drop_runtime(Entry& entry);
  RealTimeStatus real_time(const InstanceView& view, const std::optional<LiveInstance>& now) const;
  // Empty: none. One that cannot be read is no address at all: then nothing can be connected to, rather than
  // past it.
  static constexpr std::string_view kUnreadableProxy = "unreadable";
  static Result<std::string> proxy_url_of(store::ReadTransaction& tx, std::string_view id);
  InstanceDetails details_of(store::ReadTransaction& tx, const store::InstanceRow& row) const;
  void overlay(InstanceDetails& details) const;
  store::AuditEntry audit(const Caller& caller, std::string_view action, std::string_view id) const;
  MachineOptions machine_options(const InstanceSettings& settings) const;
  Executor& executor_for(std::string_view id) const {
    return *executors_[std::hash<std::string_view>{}(id) % executors_.size()];
  }
  void schedule_prune(Milliseconds delay);
  void prune();
  template <typename T, typename F>
  Result<T> call(Entry& entry, F function) const;

  store::Store& store_;
  whatsapp::Engine& engine_;
  EventSink& sink_;
  const Clock& clock_;
  const std::vector<Executor*> executors_;
  const InstancesOptions options_;
  ConnectPace pace_;
  std::atomic<bool> started_{false};
  std::atomic<bool> stopping_{false};
  mutable std::shared_mutex mutex_;  // guards entries_
  std::map<std::string, EntryPtr, std::less<>> entries_;
  Executor::Timer prune_timer_;  // belongs to the first executor
};

// Waits for `call`, which runs somewhere else and may never run at all when that place stops.
template <typename T>
Result<T> wait_for(std::future<Result<T>> answer, Milliseconds timeout) {
  try {
    if (answer.wait_for(timeout) != std::future_status::ready)
      return fail(ErrorCode::kServiceUnavailable,
                  "The instance did not answer in time; the command may still take effect.");
    return answer.get();
  } catch (const std::future_error&) {
    return service_stopping();
  }
}

template <typename T, typename F>
Result<T> Instances::Impl::call(Entry& entry, F function) const {
  std::promise<Result<T>> promise;
  auto answer = promise.get_future();
  entry.executor->post([function = std::move(function), promise = std::move(promise)]() mutable {
    function(
        [promise = std::move(promise)](Result<T> result) mutable { promise.set_value(std::move(result)); });
  });
  return wait_for(std::move(answer), options_.command_timeout);
}

}  // namespace patchbay::manager
