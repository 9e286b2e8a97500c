// What clients did against the protocol: a bounded list that tests read, and expect to be empty. The rules
// have names (docs/sandbox.md lists them); a description never holds a key. Shard-local.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "base/clock.h"

namespace patchbay::sandbox {

struct Violation {
  WallTime time;
  std::string rule;         // "ack.missing"
  std::string device;       // JID of the device; empty before a login
  uint64_t connection = 0;  // number of the connection, from 1
  std::string description;
};

class ViolationLog {
 public:
  static constexpr size_t kMaxKept = 1'000;

  void add(Violation violation) {
    ++total_;
    kept_.push_back(std::move(violation));
    if (kept_.size() > kMaxKept) kept_.pop_front();
  }
  void clear() {
    kept_.clear();
    total_ = 0;
  }
  // The latest kMaxKept, oldest first.
  const std::deque<Violation>& kept() const { return kept_; }
  uint64_t total() const { return total_; }

 private:
  std::deque<Violation> kept_;
  uint64_t total_ = 0;
};

}  // namespace patchbay::sandbox
