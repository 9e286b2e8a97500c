#include "net/shard.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <functional>
#include <latch>
#include <string>
#include <system_error>

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"

namespace patchbay::net {
namespace {

thread_local Shard* t_current = nullptr;

uint64_t monotonic_microseconds() {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                   std::chrono::steady_clock::now().time_since_epoch())
                                   .count());
}

// A turn longer than this makes the next one look at its sockets before its timers.
constexpr uint64_t kLateTurnMicroseconds = 20'000;

void bump(std::atomic<uint64_t>& counter, uint64_t by) {
  // Only the shard writes: a plain add, no locked instruction.
  counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

}  // namespace

struct Shard::Batch {
  std::array<epoll_event, 512> events;
  int count = 0;
  int position = 0;
};

// Owned by the Executor::Timer that names it.
class Shard::RunningTimer final : public TimerNode {
 public:
  explicit RunningTimer(Task task) : task_(std::move(task)) {}

 private:
  void on_timer() override {
    // On the stack: the task may let go of its Timer, and with it of this node.
    Task task = std::move(task_);
    task();
  }
  Task task_;
};

Shard::Shard(size_t index)
    : index_(index),
      batch_(std::make_unique<Batch>()),
      timers_(monotonic_microseconds() / 1000),
      read_buffer_(std::make_unique_for_overwrite<char[]>(kReadBufferBytes)),
      write_buffer_(std::make_unique_for_overwrite<char[]>(kWriteBufferBytes)) {
  refresh_clock();
  epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
  event_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (epoll_fd_ < 0 || event_fd_ < 0) throw std::system_error(errno, std::generic_category(), "epoll");
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.ptr = nullptr;
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, event_fd_, &event) != 0)
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

Shard::~Shard() {
  mailbox_.discard();
  adopted_.clear();
  // What goes may bury something in its turn.
  while (!graveyard_.empty()) const auto dead = std::exchange(graveyard_, {});
  close(event_fd_);
  close(epoll_fd_);
}

Shard* Shard::current() {
  return t_current;
}

void Shard::post(Task task) {
  const bool was_empty = mailbox_.push(std::move(task));
  if (on_this_thread()) {
    posted_to_self_ = true;
  } else if (was_empty) {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(event_fd_, &one, sizeof one);
  }
}

Executor::Timer Shard::run_after(Milliseconds delay, Task task) {
  auto* const node = new RunningTimer(std::move(task));
  schedule(*node, std::max(delay, Milliseconds(0)));
  return Timer(this, reinterpret_cast<uint64_t>(node));
}

void Shard::cancel_timer(uint64_t id) {
  // run_after() made it of a pointer.
  delete reinterpret_cast<RunningTimer*>(id);  // NOLINT(performance-no-int-to-ptr)
}

void Shard::run() {
  t_current = this;
  while (!stopping_.load(std::memory_order_relaxed)) turn(true);
  end_of_turn();
  refresh_clock();
  bool expired = false;
  const Timer farewell = run_after(kFarewell, [&expired] { expired = true; });
  while (!adopted_.empty() && !expired) turn(true);
  mailbox_.discard();
  adopted_.clear();
  end_of_turn();
  t_current = nullptr;
}

void Shard::stop() {
  stopping_ = true;
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(event_fd_, &one, sizeof one);
}

int Shard::watch(int fd, Pollable& pollable, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &pollable;
  return epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : errno;
}

void Shard::unwatch(int fd, Pollable& pollable) {
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
  for (int i = batch_->position; i < batch_->count; ++i)
    if (batch_->events[static_cast<size_t>(i)].data.ptr == &pollable)
      batch_->events[static_cast<size_t>(i)].data.ptr = nullptr;
}

void Shard::forget(Flushable& flushable) {
  for (auto* const list : {&dirty_, &flushing_, &next_turn_, &resuming_})
    std::ranges::replace(*list, &flushable, nullptr);
}

void Shard::adopt(std::unique_ptr<Disposable> object) {
  const Disposable* const key = object.get();
  adopted_.emplace(key, Adopted{.object = std::move(object), .number = adoptions_++});
}

size_t Shard::adopted_before(uint64_t mark) const {
  return static_cast<size_t>(
      std::ranges::count_if(adopted_, [&](const auto& entry) { return entry.second.number < mark; }));
}

void Shard::release(Disposable& object) {
  const auto it = adopted_.find(&object);
  if (it == adopted_.end()) return;
  graveyard_.push_back(std::move(it->second.object));
  adopted_.erase(it);
}

void Shard::refresh_clock() {
  now_ms_ = monotonic_microseconds() / 1000;
}

int Shard::wait_milliseconds() const {
  if (posted_to_self_ || !next_turn_.empty()) return 0;
  const auto wakeup = timers_.next_wakeup_ms();
  if (!wakeup) return -1;
  if (*wakeup <= now_ms_) return 0;
  return static_cast<int>(std::min<uint64_t>(*wakeup - now_ms_, 60'000));
}

void Shard::turn(bool may_wait) {
  const int wait = may_wait ? wait_milliseconds() : 0;
  batch_->count = epoll_wait(epoll_fd_, batch_->events.data(), static_cast<int>(batch_->events.size()), wait);
  if (batch_->count < 0) {
    if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "epoll_wait");
    batch_->count = 0;
  }
  batch_->position = 0;  // before anything that may call unwatch()
  const uint64_t start = monotonic_microseconds();
  now_ms_ = start / 1000;
  // Deadlines come before what arrived after them. Unless the loop itself was late: then what waits in the
  // kernel may well have come in time, and nobody is timed out for our own slowness.
  if (!late_) timers_.advance(now_ms_);
  resuming_.swap(next_turn_);
  for (size_t i = 0; i < resuming_.size(); ++i)
    if (Flushable* const flushable = std::exchange(resuming_[i], nullptr)) flushable->on_next_turn();
  resuming_.clear();
  while (batch_->position < batch_->count) {
    const epoll_event event = batch_->events[static_cast<size_t>(batch_->position++)];
    if (event.data.ptr != nullptr) static_cast<Pollable*>(event.data.ptr)->on_events(event.events);
    // A null pointer is the event descriptor: edge-triggered, so its counter needs no reading.
  }
  batch_->count = 0;
  posted_to_self_ = false;
  bump(counters_.messages, mailbox_.drain());
  timers_.advance(now_ms_);
  end_of_turn();
  const uint64_t end = monotonic_microseconds();
  // The next wait is counted from here: a long turn must not make timers later still.
  now_ms_ = end / 1000;
  const uint64_t took = end - start;
  late_ = took > kLateTurnMicroseconds;
  bump(counters_.turns, 1);
  bump(counters_.busy_microseconds, took);
  counters_.turn_microseconds.observe(took);
  if (took > counters_.longest_turn_microseconds.load(std::memory_order_relaxed))
    counters_.longest_turn_microseconds.store(took, std::memory_order_relaxed);
}

void Shard::end_of_turn() {
  // Flushing may make others dirty (a full kernel buffer, a closed peer), and so may what destructors do (a
  // responder that was never called answers): until nothing is left.
  while (!dirty_.empty() || !graveyard_.empty()) {
    flushing_.swap(dirty_);
    for (size_t i = 0; i < flushing_.size(); ++i)
      if (Flushable* const flushable = std::exchange(flushing_[i], nullptr)) flushable->on_end_of_turn();
    flushing_.clear();
    if (!dirty_.empty()) continue;
    const auto dead = std::exchange(graveyard_, {});
  }
}

ShardGroup::ShardGroup(size_t count) {
  // A peer that goes away while TLS writes must not end the process.
  std::signal(SIGPIPE, SIG_IGN);
  for (size_t i = 0; i < count; ++i) shards_.push_back(std::make_unique<Shard>(i));
}

ShardGroup::~ShardGroup() {
  stop();
}

void ShardGroup::start() {
  for (auto& shard : shards_) {
    threads_.emplace_back([&shard] { shard->run(); });
    const std::string name = "shard-" + std::to_string(shard->index());
    pthread_setname_np(threads_.back().native_handle(), name.c_str());
  }
}

void ShardGroup::stop() {
  for (auto& shard : shards_) shard->stop();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
  // What the destruction of one message posts to another shard: here, where all of them still exist.
  while (std::ranges::any_of(shards_, [](const auto& shard) { return !shard->mailbox_.empty(); }))
    for (auto& shard : shards_) shard->mailbox_.discard();
}

void ShardGroup::run_on_each(const std::function<void(Shard&)>& task) {
  if (threads_.empty()) {
    for (auto& shard : shards_) task(*shard);
    return;
  }
  std::latch done(static_cast<ptrdiff_t>(shards_.size()));
  for (auto& shard : shards_)
    shard->post([&task, &done, &shard] {
      task(*shard);
      done.count_down();
    });
  done.wait();
}

}  // namespace patchbay::net
