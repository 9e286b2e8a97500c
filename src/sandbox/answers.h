// What the other side still owes: answers to stanzas, each with the time by which it must have come. Bounded
// by who expects something: a stanza is expected once. Shard-local.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace patchbay::sandbox {

class Answers {
 public:
  // How many that were answered are remembered, to tell a second answer from one to nothing.
  static constexpr size_t kMaxRemembered = 2'000;

  enum class Verdict { kExpected, kRepeated, kUnknown };

  // `kind` and `id` name the stanza: "receipt", "3EB0…".
  void expect(const std::string& kind, const std::string& id, SteadyTime by) { open_[{kind, id}] = by; }
  Verdict answered(const std::string& kind, const std::string& id);
  bool expects(const std::string& kind, const std::string& id) const { return open_.contains({kind, id}); }
  // Those whose time is over; they are forgotten, and an answer after that counts as repeated.
  std::vector<std::pair<std::string, std::string>> overdue(SteadyTime now);

 private:
  using Key = std::pair<std::string, std::string>;
  void remember(const Key& key);

  std::map<Key, SteadyTime> open_;
  std::set<Key> remembered_;
  std::deque<Key> order_;
};

}  // namespace patchbay::sandbox
