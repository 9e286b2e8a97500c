#include "manager/revocations.h"

#include <algorithm>

namespace patchbay::manager {

// Observers are called under the lock: that is what makes remove() final.
void Revocations::add(RevocationObserver& observer) {
  const std::lock_guard lock(mutex_);
  observers_.push_back(&observer);
}

void Revocations::remove(RevocationObserver& observer) {
  const std::lock_guard lock(mutex_);
  std::erase(observers_, &observer);
}

void Revocations::user_revoked(std::string_view user_id, bool user_disabled) {
  const std::lock_guard lock(mutex_);
  for (RevocationObserver* const observer : observers_) observer->on_user_revoked(user_id, user_disabled);
}

void Revocations::api_key_revoked(std::string_view key_id) {
  const std::lock_guard lock(mutex_);
  for (RevocationObserver* const observer : observers_) observer->on_api_key_revoked(key_id);
}

void Revocations::api_key_expiry(std::string_view key_id, std::optional<WallTime> expires_at) {
  const std::lock_guard lock(mutex_);
  for (RevocationObserver* const observer : observers_) observer->on_api_key_expiry(key_id, expires_at);
}

void Revocations::subscription_revoked(std::string_view subscription_id) {
  const std::lock_guard lock(mutex_);
  for (RevocationObserver* const observer : observers_) observer->on_subscription_revoked(subscription_id);
}

}  // namespace patchbay::manager
