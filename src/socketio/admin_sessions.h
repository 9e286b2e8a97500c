// The logins that the Admin UI need not repeat, in memory, bounded in number and age. No I/O, time passed in.
// Shard-local. Internal to the module.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"

namespace patchbay::socketio {

class AdminSessions {
 public:
  AdminSessions(size_t max_count, Milliseconds lifetime) : max_count_(max_count), lifetime_(lifetime) {}
  // A new one: 16 hexadecimal digits, as npm's server gives them. The oldest go where there are too many.
  std::string create(SteadyTime now);
  bool contains(std::string_view id, SteadyTime now);
  size_t count() const { return ends_.size(); }

 private:
  void forget_oldest();

  const size_t max_count_;
  const Milliseconds lifetime_;
  std::deque<std::string> by_age_;
  std::unordered_map<std::string, SteadyTime> ends_;
};

}  // namespace patchbay::socketio
