// People: registration, login, passwords, their tokens, and the users of a subscription (panel contract §2,
// §6.2, §6.3). Checks every rule about the values itself: edges pass what they were sent. Not here: rate
// limits, HTTP shapes. Thread-safe; every call blocks (store, password hashing): worker threads only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "manager/caller.h"

namespace patchbay::store {
class Store;
struct AuditEntry;
struct User;
}  // namespace patchbay::store

namespace patchbay::manager {

class Revocations;
class Tokens;

// The contract's "Sub": all scalar fields.
struct SubscriptionView {
  std::string id;
  std::string name;
  std::string tier;
  int64_t max_instances = 0;
  bool is_active = true;
  WallTime created_at;
  WallTime updated_at;
  int64_t current_instances = 0;
  int64_t monthly_messages = 0;
  std::optional<WallTime> last_usage_reset;
};

// All user fields but the password.
struct UserView {
  std::string id;
  std::string email;
  std::string name;
  Role role = Role::kUser;
  std::string subscription_id;
  bool is_active = true;
  WallTime created_at;
  WallTime updated_at;
  std::optional<WallTime> last_login_at;
};

struct Account {
  UserView user;
  SubscriptionView subscription;
};
struct Login {
  Account account;
  std::string token;  // a secret
};

struct Registration {
  std::string email;     // any case; kept lowercase; at most 254 bytes
  std::string password;  // 6–128 characters
  std::string name;      // 2–100 characters after trimming; '<' and '>' are dropped
};

struct NewUser {
  std::string email;
  std::string password;  // 8–128 characters
  std::string name;
  Role role = Role::kUser;
};
struct UserUpdate {  // at least one
  std::optional<std::string> email;
  std::optional<std::string> name;
  std::optional<Role> role;
  std::optional<bool> is_active;
};
struct UserQuery {
  int64_t page = 1;
  int64_t per_page = 20;  // 1 … 100
  bool ascending = false;
  enum class SortBy { kCreatedAt, kUpdatedAt, kName, kEmail, kRole, kLastLoginAt };
  SortBy sort_by = SortBy::kCreatedAt;
};
struct UserListItem {
  UserView user;
  int64_t instance_count = 0;
};
struct UserPage {
  std::vector<UserListItem> users;
  int64_t total = 0;
};
struct UserInstance {
  std::string id;
  std::string name;
  std::string status;
  WallTime created_at;
  std::string created_by_id;
};
struct UserDetails {
  UserView user;
  SubscriptionView subscription;
  std::vector<UserInstance> instances;  // created by the user, newest first, at most 100
  int64_t instance_count = 0;
};

// What a tier includes (panel contract §5).
struct TierLimits {
  int64_t max_instances = 5;
  int64_t monthly_messages = 10'000;  // displayed only
  int64_t keys_per_instance = 1;
};
TierLimits tier_limits(std::string_view tier);

// For GET …/subscription/usage.
struct SubscriptionUsage {
  SubscriptionView subscription;
  TierLimits limits;
  int64_t current_instances = 0;
  int64_t current_users = 0;
  int64_t monthly_messages = 0;
  std::vector<UserListItem> users;      // newest first, at most 100
  std::vector<UserInstance> instances;  // newest first, at most 100
};

class Accounts {
 public:
  // Everything referred to outlives this object.
  Accounts(store::Store& store, Tokens& tokens, Revocations& revocations, const Clock& clock);

  // From now on every subscription, present and future, may have so many instances, whatever its tier
  // includes. At start, before anybody registers.
  Status set_instance_limit(int64_t instances);

  // The very first user of the server becomes ADMINISTRATOR, everyone after it USER; each with a BASIC
  // subscription of its own. kValidation, kResourceAlreadyExists.
  Result<Login> register_user(const Registration& registration, std::string_view ip_address);
  // kInvalidCredentials for an unknown or disabled user and a wrong password alike, after the same work;
  // kSubscriptionInactive.
  Result<Login> login(std::string_view email, std::string_view password, std::string_view ip_address);
  Result<Account> me(const Caller& caller);
  // Ends every other token of the user; returns a new one. kInvalidCredentials when `current` is wrong: the
  // edge answers 400 here, not 401. kValidation: 8–128 characters.
  Result<std::string> change_password(const Caller& caller, std::string_view current, std::string_view next);
  Result<std::string> refresh(const Caller& caller);
  Status logout(const Caller& caller);  // an audit entry; the token stays good until it expires

  // --- Users of the caller's subscription; the caller is an administrator, else kPermissionDenied ---
  Result<UserView> create_user(const Caller& caller, const NewUser& request);
  Result<UserPage> list_users(const Caller& caller, const UserQuery& query);
  Result<UserDetails> get_user(const Caller& caller, std::string_view id);
  // kInvalidOperation: demoting or disabling oneself.
  Result<Account> update_user(const Caller& caller, std::string_view id, const UserUpdate& update);
  // kInvalidOperation: oneself. kUserHasDependencies: the user created instances.
  Status delete_user(const Caller& caller, std::string_view id);

  // For every user, of the caller's own subscription.
  Result<SubscriptionUsage> subscription_usage(const Caller& caller);

  // For operators (command line) and tests: disabling drops its sockets and refuses its credentials.
  Status set_subscription_active(std::string_view subscription_id, bool active);

 private:
  store::AuditEntry audit_entry(std::string_view action, std::string_view user_id, std::string_view actor_id,
                                std::string_view ip_address) const;
  // Queued, not waited for: a full disk keeps nobody from logging in or out.
  void note(store::AuditEntry entry, bool seen);
  void renew_hash(std::string_view user_id, std::string_view old_hash, std::string_view password);

  store::Store& store_;
  Tokens& tokens_;
  Revocations& revocations_;
  const Clock& clock_;
  std::optional<int64_t> instance_limit_;
  // Checked against when the user is unknown, so that the time taken tells nothing.
  const std::string decoy_hash_;
};

}  // namespace patchbay::manager
