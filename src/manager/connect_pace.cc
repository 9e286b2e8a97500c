#include "manager/connect_pace.h"

#include <algorithm>

namespace patchbay::manager {
namespace {

// A tenth of a second's openings may come together.
constexpr int kBurstsPerSecond = 10;

}  // namespace

ConnectPace::ConnectPace(const Clock& clock, Executor& driver, ConnectPaceOptions options)
    : clock_(clock),
      driver_(driver),
      options_(options),
      interval_(1'000'000 / std::max(1, options.per_second)),
      slack_(interval_ * (std::max(1, options.per_second / kBurstsPerSecond) - 1)) {}

ConnectPace::~ConnectPace() {
  life_.reset();
}

ConnectPace::Taken ConnectPace::take(Priority priority, Executor& executor, Task came) {
  const std::lock_guard lock(mutex_);
  const uint64_t id = ++last_id_;
  const bool first = operators_.empty() && (own_.empty() || priority == Priority::kOperator);
  if (first && opening_ < options_.max_opening && take_token(now())) {
    ++opening_;
    return {.turn = Turn(this, id)};
  }
  Line& line = priority == Priority::kOperator ? operators_ : own_;
  line.emplace(id, Waiting{.executor = &executor, .came = std::move(came)});
  const size_t before = operators_.size() + (priority == Priority::kOperator ? 0 : own_.size());
  arm();
  return {.turn = Turn(this, id),
          .waits = true,
          .estimate = std::chrono::ceil<Milliseconds>(interval_ * static_cast<int64_t>(before))};
}

void ConnectPace::give_back(uint64_t id) {
  Line::node_type gone;  // destroyed without the lock
  std::vector<Waiting> granted;
  {
    const std::lock_guard lock(mutex_);
    gone = operators_.extract(id);
    if (!gone) gone = own_.extract(id);
    if (gone) return;
    --opening_;
    granted = grant();
  }
  tell(std::move(granted));
}

void ConnectPace::hurry(uint64_t id) {
  const std::lock_guard lock(mutex_);
  if (auto place = own_.extract(id)) operators_.insert(std::move(place));
}

bool ConnectPace::take_token(Microseconds now) {
  if (next_ > now + slack_) return false;
  next_ = std::max(next_, now) + interval_;
  return true;
}

std::vector<ConnectPace::Waiting> ConnectPace::grant() {
  std::vector<Waiting> granted;
  while (opening_ < options_.max_opening) {
    Line& line = operators_.empty() ? own_ : operators_;
    if (line.empty() || !take_token(now())) break;
    ++opening_;
    granted.push_back(std::move(line.extract(line.begin()).mapped()));
  }
  arm();
  return granted;
}

// Nothing to wait for while the line is empty, or while only a place that is given back helps.
void ConnectPace::arm() {
  const bool wanted = !operators_.empty() || !own_.empty();
  if (armed_ || stopped_ || !wanted || opening_ >= options_.max_opening) return;
  armed_ = true;
  const Microseconds due = std::max(next_ - slack_ - now(), Microseconds(0));
  driver_.post([this, life = std::weak_ptr(life_), delay = std::chrono::ceil<Milliseconds>(due)] {
    if (!life.expired()) timer_ = driver_.run_after(std::max(delay, Milliseconds(1)), [this] { tick(); });
  });
}

void ConnectPace::tick() {
  std::vector<Waiting> granted;
  {
    const std::lock_guard lock(mutex_);
    armed_ = false;
    if (stopped_) return;
    granted = grant();
  }
  tell(std::move(granted));
}

void ConnectPace::tell(std::vector<Waiting> granted) {
  for (Waiting& one : granted) one.executor->post(std::move(one.came));
}

void ConnectPace::stop() {
  timer_.cancel();
  const std::lock_guard lock(mutex_);
  stopped_ = true;
}

ConnectPace::Counts ConnectPace::counts() const {
  const std::lock_guard lock(mutex_);
  return {.waiting = operators_.size() + own_.size(), .opening = opening_};
}

}  // namespace patchbay::manager
