#include "manager/instances.h"

#include "base/ids.h"
#include "base/log.h"
#include "manager/instances_impl.h"

namespace patchbay::manager {
namespace {

constexpr int64_t kPruneBatch = 2'000;
// Beyond the deadlines of the sessions themselves, for the store and the executors.
constexpr Milliseconds kStopSlack{3'000};

}  // namespace

std::unexpected<Error> no_such_instance() {
  return fail(ErrorCode::kInstanceNotFound, "There is no such instance in your subscription.");
}
std::unexpected<Error> service_stopping() {
  return fail(ErrorCode::kServiceUnavailable, "The server is stopping; try again when it is back.");
}

// --- Start and stop ---

Result<std::string> Instances::Impl::proxy_url_of(store::ReadTransaction& tx, std::string_view id) {
  auto proxy_url = tx.proxy_url(id);
  if (proxy_url) return std::move(*proxy_url).value_or("");
  if (proxy_url.error().code != ErrorCode::kDatabase) return std::unexpected(std::move(proxy_url).error());
  log::error("the proxy of an instance cannot be read; set it anew",
             {{"instance", id}, {"error", proxy_url.error().message}});
  return std::string(kUnreadableProxy);
}

Status Instances::Impl::start() {
  struct Found {
    store::Instance row;
    std::optional<std::string> credentials;
    std::string proxy_url = {};
    bool damaged = false;
  };
  PB_ASSIGN(auto found, store_.read([&](store::ReadTransaction& tx) -> Result<std::vector<Found>> {
    std::vector<Found> rows;
    PB_TRY(tx.for_each_instance([&](store::Instance row) -> Status {
      rows.push_back({.row = std::move(row), .credentials = {}});
      return {};
    }));
    for (Found& one : rows) {
      auto credentials = tx.credentials(one.row.id);
      if (!credentials && credentials.error().code != ErrorCode::kDatabase)
        return std::unexpected(std::move(credentials).error());
      Status usable;
      if (!credentials)
        usable = std::unexpected(credentials.error());
      else if (*credentials)
        usable = engine_.check_credentials(**credentials);
      PB_ASSIGN(one.proxy_url, proxy_url_of(tx, one.row.id));
      if (usable) {
        one.credentials = std::move(*credentials);
      } else {
        log::error("the credentials of an instance cannot be used",
                   {{"instance", one.row.id}, {"error", usable.error().message}});
        one.damaged = true;
      }
    }
    return rows;
  }));
  started_ = true;
  uint64_t wanted = 0;
  for (Found& one : found) {
    const bool is_wanted = one.row.state.desired_state == to_string(DesiredState::kConnected) &&
                           one.row.state.next_step != to_string(NextStep::What::kOperator);
    wanted += is_wanted ? 1 : 0;
    add(one.row, std::move(one.credentials), std::move(one.proxy_url), one.damaged);
  }
  log::info("instances are back", {{"instances", static_cast<uint64_t>(found.size())}, {"wanted", wanted}});
  executors_.front()->post([this] { schedule_prune(options_.prune_interval); });
  return {};
}

void Instances::Impl::stop() {
  if (stopping_.exchange(true) || !started_) return;
  const auto entries = all();
  const auto wait_all = [](auto& futures, Milliseconds bound) {
    const auto end = std::chrono::steady_clock::now() + bound;
    for (auto& one : futures) one.wait_until(end);
  };
  std::vector<std::future<void>> closed;
  for (const EntryPtr& entry : entries) {
    std::promise<void> done;
    closed.push_back(done.get_future());
    entry->executor->post([entry, done = std::move(done)]() mutable {
      if (!entry->runtime) return done.set_value();
      entry->runtime->stop([done = std::move(done)]() mutable { done.set_value(); });
    });
  }
  wait_all(closed, options_.close_timeout + kStopSlack);
  std::vector<std::future<void>> gone;
  for (const EntryPtr& entry : entries) {
    std::promise<void> done;
    gone.push_back(done.get_future());
    entry->executor->post([entry, done = std::move(done)]() mutable {
      drop_runtime(*entry);
      done.set_value();
    });
  }
  std::promise<void> pruned;
  gone.push_back(pruned.get_future());
  executors_.front()->post([this, pruned = std::move(pruned)]() mutable {
    prune_timer_.cancel();
    pace_.stop();
    pruned.set_value();
  });
  wait_all(gone, kStopSlack);
  // After this no task of ours is left anywhere: the store has posted its last, and the executors have run
  // it.
  store_.flush();
  std::vector<std::future<void>> idle;
  for (Executor* const executor : executors_) {
    std::promise<void> reached;
    idle.push_back(reached.get_future());
    executor->post([reached = std::move(reached)]() mutable { reached.set_value(); });
  }
  wait_all(idle, kStopSlack);
}

Instances::Impl::EntryPtr Instances::Impl::add(const store::Instance& row,
                                               std::optional<std::string> credentials, std::string proxy_url,
                                               bool damaged) {
  auto entry = std::make_shared<Entry>();
  entry->id = row.id;
  entry->subscription_id = row.subscription_id;
  entry->executor = &executor_for(row.id);
  const InstanceSettings settings = settings_from_json(row.config.settings_json);
  whatsapp::SessionSettings session = session_settings(settings);
  session.proxy_url = std::move(proxy_url);
  RuntimeConfig config{.id = row.id,
                       .subscription_id = row.subscription_id,
                       .name = row.config.name,
                       .machine = machine_options(settings),
                       .session = std::move(session),
                       .active = row.config.is_active,
                       .credentials = std::move(credentials),
                       .record = record_from_store(row.state),
                       .last_seq = row.last_seq};
  {
    const std::unique_lock lock(mutex_);
    entries_.insert_or_assign(entry->id, entry);
  }
  entry->executor->post([this, entry, config = std::move(config), damaged]() mutable {
    const std::weak_ptr<Entry> weak = entry;
    entry->runtime = std::make_unique<InstanceRuntime>(RuntimeServices{.store = store_,
                                                                       .engine = engine_,
                                                                       .sink = sink_,
                                                                       .clock = clock_,
                                                                       .pace = pace_,
                                                                       .random = random_unit},
                                                       *entry->executor, std::move(config), [this, weak] {
                                                         if (const EntryPtr removed = weak.lock())
                                                           forget(removed);
                                                       });
    {
      const std::lock_guard lock(entry->mutex);
      entry->live_source = entry->runtime.get();
    }
    entry->runtime->start({.credentials_damaged = damaged});
  });
  return entry;
}

void Instances::Impl::forget(const EntryPtr& entry) {
  {
    const std::unique_lock lock(mutex_);
    const auto found = entries_.find(entry->id);
    if (found != entries_.end() && found->second == entry) entries_.erase(found);
  }
  drop_runtime(*entry);
}

void Instances::Impl::drop_runtime(Entry& entry) {
  {
    const std::lock_guard lock(entry.mutex);
    entry.live_source = nullptr;
  }
  entry.runtime.reset();
}

// --- Looking up ---

Instances::Impl::EntryPtr Instances::Impl::find(std::string_view id) const {
  const std::shared_lock lock(mutex_);
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : found->second;
}

Result<Instances::Impl::EntryPtr> Instances::Impl::visible(const Caller& caller, std::string_view id) const {
  if (stopping_) return service_stopping();
  EntryPtr entry = find(id);
  if (!entry || !caller.may_see(id, entry->subscription_id)) return no_such_instance();
  return entry;
}

std::vector<Instances::Impl::EntryPtr> Instances::Impl::all() const {
  const std::shared_lock lock(mutex_);
  std::vector<EntryPtr> out;
  out.reserve(entries_.size());
  for (const auto& [id, entry] : entries_) out.push_back(entry);
  return out;
}

std::optional<LiveInstance> Instances::Impl::live(std::string_view id) const {
  const EntryPtr entry = find(id);
  if (!entry) return std::nullopt;
  const std::lock_guard lock(entry->mutex);
  if (!entry->live_source) return std::nullopt;
  return entry->live_source->live();
}

std::optional<std::string> Instances::Impl::subscription_of(std::string_view id) const {
  const EntryPtr entry = find(id);
  if (!entry) return std::nullopt;
  return entry->subscription_id;
}

Instances::Totals Instances::Impl::totals() const {
  Totals totals;
  for (const EntryPtr& entry : all()) {
    const std::lock_guard lock(entry->mutex);
    if (entry->live_source) ++totals.by_status[static_cast<size_t>(entry->live_source->live().record.status)];
  }
  return totals;
}

MachineOptions Instances::Impl::machine_options(const InstanceSettings& settings) const {
  MachineOptions machine{.reconnect_first_delay = options_.reconnect_first_delay,
                         .reconnect_max_delay = options_.reconnect_max_delay,
                         .stable_after = options_.stable_after,
                         .pairing_timeout = options_.pairing_timeout,
                         .close_timeout = options_.close_timeout,
                         .logout_timeout = options_.logout_timeout};
  apply_settings(settings, machine);
  return machine;
}

void Instances::Impl::snapshot(std::string_view id,
                               std::move_only_function<void(Result<InstanceSnapshot>)> done) {
  const EntryPtr entry = find(id);
  if (!entry) return done(no_such_instance());
  entry->executor->post([entry, done = std::move(done)]() mutable {
    if (!entry->runtime) return done(no_such_instance());
    done(entry->runtime->snapshot());
  });
}

void Instances::Impl::client_profile_changed() {
  if (stopping_) return;
  for (const EntryPtr& entry : all())
    entry->executor->post([entry] {
      if (entry->runtime) entry->runtime->profile_changed();
    });
}

// --- Retention ---

void Instances::Impl::schedule_prune(Milliseconds delay) {
  if (stopping_) return;
  prune_timer_ = executors_.front()->run_after(delay, [this] { prune(); });
}

void Instances::Impl::prune() {
  const WallTime before = clock_.wall_now() - options_.events_age;
  auto removed = std::make_shared<int64_t>(0);
  store_.write(
      [before, keep = options_.events_kept, removed](store::WriteTransaction& tx) -> Status {
        PB_ASSIGN(*removed, tx.prune_events(before, keep, kPruneBatch));
        return {};
      },
      [this, executor = executors_.front(), removed](Status status) {
        if (!status) log::warning("old events could not be pruned", {{"error", status.error().message}});
        const bool more = status && *removed >= kPruneBatch;
        executor->post([this, more] { schedule_prune(more ? Milliseconds(100) : options_.prune_interval); });
      });
}

// --- The public face ---

Instances::Instances(store::Store& store, whatsapp::Engine& engine, EventSink& sink, const Clock& clock,
                     std::vector<Executor*> executors, InstancesOptions options)
    : impl_(std::make_unique<Impl>(store, engine, sink, clock, std::move(executors), options)) {}
Instances::~Instances() = default;

Status Instances::start() {
  return impl_->start();
}
void Instances::stop() {
  impl_->stop();
}
Result<InstanceDetails> Instances::create(const Caller& caller, const NewInstance& request) {
  return impl_->create(caller, request);
}
Result<InstancePage> Instances::list(const Caller& caller, const InstanceQuery& query) {
  return impl_->list(caller, query);
}
Result<InstanceDetails> Instances::get(const Caller& caller, std::string_view id) {
  return impl_->get(caller, id);
}
Result<InstanceDetails> Instances::update(const Caller& caller, std::string_view id,
                                          const InstanceUpdate& request) {
  return impl_->update(caller, id, request);
}
Result<std::string> Instances::remove(const Caller& caller, std::string_view id) {
  return impl_->remove(caller, id);
}
Status Instances::connect(const Caller& caller, std::string_view id) {
  return impl_->operate(caller, id, Operation::kConnect);
}
Status Instances::disconnect(const Caller& caller, std::string_view id) {
  return impl_->operate(caller, id, Operation::kDisconnect);
}
Status Instances::restart(const Caller& caller, std::string_view id) {
  return impl_->operate(caller, id, Operation::kRestart);
}
Status Instances::log_out(const Caller& caller, std::string_view id) {
  return impl_->operate(caller, id, Operation::kLogOut);
}
Result<Linking::PairCode> Instances::request_pair_code(const Caller& caller, std::string_view id,
                                                       std::string_view phone) {
  return impl_->request_pair_code(caller, id, phone);
}
Status Instances::answer_passkey(const Caller& caller, std::string_view id, std::string_view assertion_json) {
  return impl_->answer_passkey(caller, id, assertion_json);
}
Result<std::optional<QrView>> Instances::qr(const Caller& caller, std::string_view id) {
  return impl_->qr(caller, id);
}
Result<EventPage> Instances::events(const Caller& caller, std::string_view id, uint64_t after, int limit) {
  return impl_->events(caller, id, after, limit);
}
std::optional<std::string> Instances::subscription_of(std::string_view instance_id) const {
  return impl_->subscription_of(instance_id);
}
void Instances::snapshot(std::string_view instance_id,
                         std::move_only_function<void(Result<InstanceSnapshot>)> done) {
  impl_->snapshot(instance_id, std::move(done));
}
void Instances::client_profile_changed() {
  impl_->client_profile_changed();
}
Instances::Totals Instances::totals() const {
  return impl_->totals();
}
ConnectPace::Counts Instances::connecting() const {
  return impl_->connecting();
}

}  // namespace patchbay::manager
