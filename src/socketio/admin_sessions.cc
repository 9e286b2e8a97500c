#include "socketio/admin_sessions.h"

#include "base/ids.h"

namespace patchbay::socketio {

std::string AdminSessions::create(SteadyTime now) {
  while (!by_age_.empty() && (by_age_.size() >= max_count_ || ends_.at(by_age_.front()) <= now))
    forget_oldest();
  std::string id = random_hex(8);
  by_age_.push_back(id);
  ends_.emplace(id, now + lifetime_);
  return id;
}

bool AdminSessions::contains(std::string_view id, SteadyTime now) {
  const auto it = ends_.find(std::string(id));
  return it != ends_.end() && it->second > now;
}

void AdminSessions::forget_oldest() {
  ends_.erase(by_age_.front());
  by_age_.pop_front();
}

}  // namespace patchbay::socketio
