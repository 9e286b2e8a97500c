#include "sandbox/answers.h"

namespace patchbay::sandbox {

Answers::Verdict Answers::answered(const std::string& kind, const std::string& id) {
  const Key key{kind, id};
  if (open_.erase(key) > 0) {
    remember(key);
    return Verdict::kExpected;
  }
  return remembered_.contains(key) ? Verdict::kRepeated : Verdict::kUnknown;
}

std::vector<std::pair<std::string, std::string>> Answers::overdue(SteadyTime now) {
  std::vector<Key> late;
  for (auto it = open_.begin(); it != open_.end();) {
    if (it->second > now) {
      ++it;
      continue;
    }
    late.push_back(it->first);
    it = open_.erase(it);
  }
  for (const Key& key : late) remember(key);
  return late;
}

void Answers::remember(const Key& key) {
  if (!remembered_.insert(key).second) return;
  order_.push_back(key);
  if (order_.size() <= kMaxRemembered) return;
  remembered_.erase(order_.front());
  order_.pop_front();
}

}  // namespace patchbay::sandbox
