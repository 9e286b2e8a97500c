// Internal to the module. The queries that wait for the server's answer, each with its deadline. No I/O, time
// passed in. Shard-local.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "binary/node.h"
#include "whatsapp/randomness.h"

namespace patchbay::whatsapp {

// Null: no answer came in time. Else an iq of type "result" or "error".
using Answered = std::move_only_function<void(const binary::Node* answer)>;

class QueryTable {
 public:
  // A new connection: nothing waits any more, and ids begin with something that nobody can guess.
  void reset(const Randomness& random) {
    waiting_.clear();
    prefix_ = to_hex(random_octets(random, 6)) + ".";
    last_ = 0;
  }

  std::string add(SteadyTime deadline, Answered done) {
    std::string id = prefix_ + std::to_string(++last_);
    waiting_.push_back({.id = id, .deadline = deadline, .done = std::move(done)});
    return id;
  }

  // Who waits for this answer; nothing when nobody does.
  std::optional<Answered> take(std::string_view id) {
    return extract(std::ranges::find(waiting_, id, &Query::id));
  }
  // One whose time is over.
  std::optional<Answered> take_late(SteadyTime now) {
    return extract(
        std::ranges::find_if(waiting_, [now](const Query& query) { return query.deadline <= now; }));
  }

  std::optional<SteadyTime> deadline() const {
    const auto first = std::ranges::min_element(waiting_, {}, &Query::deadline);
    return first == waiting_.end() ? std::nullopt : std::optional(first->deadline);
  }
  size_t size() const { return waiting_.size(); }

 private:
  struct Query {
    std::string id;
    SteadyTime deadline;
    Answered done;
  };

  std::optional<Answered> extract(std::vector<Query>::iterator at) {
    if (at == waiting_.end()) return std::nullopt;
    Answered done = std::move(at->done);
    waiting_.erase(at);
    return done;
  }

  std::vector<Query> waiting_;  // few at a time
  std::string prefix_;
  uint64_t last_ = 0;
};

}  // namespace patchbay::whatsapp
