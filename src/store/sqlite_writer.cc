#include "store/sqlite_writer.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <iterator>

#include "base/log.h"
#include "store/sqlite_transaction.h"

namespace patchbay::store {
namespace {

constexpr Milliseconds kTroubleInterval{10'000};

Status run_cached(Connection& connection, std::string_view sql) {
  PB_ASSIGN(Statement statement, connection.prepare(sql));
  return statement.run();
}

void tell(Store::DoneFunction& on_done, Status status) {
  if (!on_done) return;
  try {
    on_done(std::move(status));
  } catch (const std::exception& error) {
    log::error("an answer to a write threw", {{"what", error.what()}});
  }
}

}  // namespace

SqliteWriter::SqliteWriter(std::unique_ptr<Connection> connection, const crypto::SecretBox& box,
                           Options options)
    : connection_(std::move(connection)), box_(box), options_(options), thread_([this] { work(); }) {}

SqliteWriter::~SqliteWriter() {
  stop();
}

void SqliteWriter::write(Store::WriteFunction function, Store::DoneFunction on_done) {
  std::string refusal;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      refusal = "The server is stopping; nothing was changed.";
    } else if (queue_.size() >= options_.max_queued) {
      refusal = "Too many changes are waiting for the disk; nothing was changed. Try again in a moment.";
    } else {
      queue_.push_back({std::move(function), std::move(on_done), {}});
      ++queued_;
    }
  }
  if (refusal.empty()) {
    wake_.notify_one();
    return;
  }
  ++refused_writes_;
  tell(on_done, fail(ErrorCode::kServiceUnavailable, std::move(refusal)));
}

void SqliteWriter::flush() {
  std::unique_lock lock(mutex_);
  const uint64_t target = queued_;
  decided_changed_.wait(lock, [&] { return decided_ >= target; });
}

void SqliteWriter::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  std::call_once(joined_, [this] { thread_.join(); });
}

void SqliteWriter::count_into(StoreMetrics& metrics) const {
  metrics.commits = commits_;
  metrics.failed_commits = failed_commits_;
  metrics.writes = writes_;
  metrics.failed_writes = failed_writes_;
  metrics.refused_writes = refused_writes_;
  metrics.largest_group = largest_group_;
  metrics.commit_microseconds = commit_microseconds_;
  const std::lock_guard lock(mutex_);
  metrics.queue_depth = queue_.size();
}

void SqliteWriter::work() {
  std::vector<Job> group;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      const auto size = static_cast<ptrdiff_t>(std::min(queue_.size(), options_.max_group));
      const auto end = queue_.begin() + size;
      group.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
      queue_.erase(queue_.begin(), end);
    }
    run_group(group);
    for (Job& job : group) {
      ++(job.status ? writes_ : failed_writes_);
      tell(job.on_done, std::move(job.status));
    }
    const size_t size = group.size();
    group.clear();
    {
      const std::lock_guard lock(mutex_);
      decided_ += size;
    }
    decided_changed_.notify_all();
  }
}

void SqliteWriter::run_group(std::vector<Job>& group) {
  if (const Status begun = run_cached(*connection_, "BEGIN IMMEDIATE"); !begun)
    return fail_group(group, group.size(), begun.error());
  SqliteTransaction transaction(*connection_, box_);
  for (size_t i = 0; i < group.size(); ++i) {
    group[i].status = run_job(group[i], transaction);
    // SQLite undoes a whole transaction by itself when the disk is full or fails: those before are gone too.
    if (!connection_->in_transaction()) {
      const Error error = group[i].status ? Error{ErrorCode::kDatabase, "The database gave up.", ""}
                                          : group[i].status.error();
      fail_group(group, i + 1, error);
      // Those after have not been tried; they get a transaction of their own.
      if (i + 1 == group.size()) return;
      std::vector<Job> rest(std::make_move_iterator(group.begin() + static_cast<ptrdiff_t>(i) + 1),
                            std::make_move_iterator(group.end()));
      group.resize(i + 1);
      run_group(rest);
      std::move(rest.begin(), rest.end(), std::back_inserter(group));
      return;
    }
  }
  const auto begin = std::chrono::steady_clock::now();
  const Status committed = run_cached(*connection_, "COMMIT");
  if (!committed) {
    if (connection_->in_transaction()) (void)run_cached(*connection_, "ROLLBACK");
    return fail_group(group, group.size(), committed.error());
  }
  const auto took = std::chrono::steady_clock::now() - begin;
  commit_microseconds_ +=
      static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(took).count());
  ++commits_;
  note_success();
  largest_group_ = std::max<uint64_t>(largest_group_, group.size());
}

// In a savepoint of its own: a failure undoes this job alone.
Status SqliteWriter::run_job(Job& job, SqliteTransaction& transaction) {
  PB_TRY(run_cached(*connection_, "SAVEPOINT job"));
  Status status;
  try {
    status = job.function(transaction);
  } catch (const std::exception& error) {
    status = fail(ErrorCode::kInternal, "The change failed unexpectedly; nothing was changed.", error.what());
  }
  if (status) return run_cached(*connection_, "RELEASE job");
  if (connection_->in_transaction()) {
    const Status undone = run_cached(*connection_, "ROLLBACK TO job");
    const Status released = undone ? run_cached(*connection_, "RELEASE job") : undone;
    // What cannot be undone alone is undone with everything else.
    if (!released && connection_->in_transaction()) (void)run_cached(*connection_, "ROLLBACK");
  }
  return status;
}

// The first `ran` jobs were undone together. Those that had failed by themselves keep their own reason.
void SqliteWriter::fail_group(std::vector<Job>& group, size_t ran, const Error& error) {
  ++failed_commits_;
  for (size_t i = 0; i < ran; ++i)
    if (group[i].status) group[i].status = std::unexpected(error);
  note_trouble(ran, error);
}

void SqliteWriter::note_trouble(size_t lost, const Error& error) {
  const SteadyTime now = SystemClock().steady_now();
  const bool begins = lost_ == 0;
  lost_ += lost;
  if (!begins && now - trouble_noted_ < kTroubleInterval) return;
  trouble_noted_ = now;
  log::error("changes are being lost",
             {{"lost", lost_}, {"code", to_string(error.code)}, {"cause", error.detail}});
  // What the write-ahead log holds may fit into the database, and the log starts anew in the space it has.
  if (error.code == ErrorCode::kStorageFull && !connection_->in_transaction())
    (void)connection_->execute("PRAGMA wal_checkpoint(PASSIVE)");
}

void SqliteWriter::note_success() {
  if (lost_ == 0) return;
  log::info("changes are kept again", {{"lost_meanwhile", lost_}});
  lost_ = 0;
}

}  // namespace patchbay::store
