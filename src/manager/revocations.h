// Tells whoever holds long-lived connections that a credential has lost its worth: user or key disabled or
// deleted, password changed, subscription disabled. Told after the change is durable, in the thread that made
// it. Thread-safe.
#pragma once

#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace patchbay::manager {

// Implementations return quickly (post to their own threads), never throw, and never call back into accounts.
class RevocationObserver {
 public:
  virtual ~RevocationObserver() = default;
  // Every connection that was let in with a token of this user goes, and, when `user_disabled`, those with
  // keys that act as this user too. A changed password revokes tokens only.
  virtual void on_user_revoked(std::string_view user_id, bool user_disabled) = 0;
  virtual void on_api_key_revoked(std::string_view key_id) = 0;
  // The key is good until another time now; none: for ever.
  virtual void on_api_key_expiry(std::string_view key_id, std::optional<WallTime> expires_at) = 0;
  virtual void on_subscription_revoked(std::string_view subscription_id) = 0;
};

class Revocations {
 public:
  // Observers outlive their registration. After remove() returns, the observer is not called any more.
  void add(RevocationObserver& observer);
  void remove(RevocationObserver& observer);

  void user_revoked(std::string_view user_id, bool user_disabled);
  void api_key_revoked(std::string_view key_id);
  void api_key_expiry(std::string_view key_id, std::optional<WallTime> expires_at);
  void subscription_revoked(std::string_view subscription_id);

 private:
  std::mutex mutex_;
  std::vector<RevocationObserver*> observers_;  // guarded by mutex_
};

}  // namespace patchbay::manager
