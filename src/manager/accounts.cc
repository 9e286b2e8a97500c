#include "manager/accounts.h"

#include "base/ids.h"
#include "base/log.h"
#include "crypto/password.h"
#include "manager/account_views.h"
#include "manager/revocations.h"
#include "manager/text_rules.h"
#include "manager/tokens.h"
#include "store/store.h"

namespace patchbay::manager {
namespace {

constexpr size_t kMinPasswordAtRegistration = 6;
constexpr size_t kMinPasswordAtChange = 8;

std::unexpected<Error> wrong_credentials() {
  return fail(ErrorCode::kInvalidCredentials, "The e-mail address or the password is wrong.");
}

// A hash that no password has: only the work of checking it counts.
std::string make_decoy_hash() {
  return crypto::hash_password(random_hex(32)).value_or(std::string());
}

Result<Account> read_account(store::ReadTransaction& tx, std::string_view user_id) {
  PB_ASSIGN(const auto user, tx.user(user_id));
  if (!user || !user->is_active) return user_gone();
  PB_ASSIGN(const auto subscription, tx.subscription(user->subscription_id));
  if (!subscription) return user_gone();
  return Account{view_of(*user), view_of(*subscription)};
}

}  // namespace

Accounts::Accounts(store::Store& store, Tokens& tokens, Revocations& revocations, const Clock& clock)
    : store_(store),
      tokens_(tokens),
      revocations_(revocations),
      clock_(clock),
      decoy_hash_(make_decoy_hash()) {}

store::AuditEntry Accounts::audit_entry(std::string_view action, std::string_view user_id,
                                        std::string_view actor_id, std::string_view ip_address) const {
  const WallTime now = clock_.wall_now();
  store::AuditEntry entry;
  entry.id = make_cuid(now);
  entry.action = action;
  entry.resource = "user";
  entry.resource_id = user_id;
  if (!actor_id.empty()) entry.user_id = actor_id;
  if (!ip_address.empty()) entry.ip_address = ip_address;
  entry.time = now;
  return entry;
}

void Accounts::note(store::AuditEntry entry, bool seen) {
  store_.write(
      [entry = std::move(entry), seen](store::WriteTransaction& tx) -> Status {
        if (seen && entry.resource_id) {
          const store::UserSeen each{*entry.resource_id, entry.time};
          PB_TRY(tx.touch_users({&each, 1}));
        }
        return tx.append_audit(entry);
      },
      [](Status status) {
        if (!status) log::warning("an audit entry was lost", {{"cause", to_string(status.error().code)}});
      });
}

Result<Login> Accounts::register_user(const Registration& registration, std::string_view ip_address) {
  store::User user;
  PB_ASSIGN(user.email, clean_email(registration.email));
  PB_TRY(check_password(registration.password, "password", kMinPasswordAtRegistration));
  PB_ASSIGN(user.name, clean_name(registration.name, "name", 2, 100));
  PB_ASSIGN(user.password_hash, crypto::hash_password(registration.password));

  const WallTime now = clock_.wall_now();
  store::Subscription subscription;
  subscription.id = make_cuid(now);
  subscription.name = user.name + "'s Subscription";
  subscription.max_instances = instance_limit_.value_or(tier_limits(subscription.tier).max_instances);
  subscription.created_at = subscription.updated_at = now;
  user.id = make_cuid(now);
  user.subscription_id = subscription.id;
  user.created_at = user.updated_at = now;

  Status written = store_.write_sync([&](store::WriteTransaction& tx) -> Status {
    PB_ASSIGN(const int64_t users, tx.count_users());
    user.role = to_string(users == 0 ? Role::kAdministrator : Role::kUser);
    PB_TRY(tx.insert_subscription(subscription));
    PB_TRY(tx.insert_user(user));
    return tx.append_audit(audit_entry("user.register", user.id, user.id, ip_address));
  });
  if (!written && written.error().code == ErrorCode::kUserAlreadyExists)
    return fail(ErrorCode::kResourceAlreadyExists, written.error().message);
  PB_TRY(std::move(written));
  return Login{{view_of(user), view_of(subscription)}, tokens_.issue(user)};
}

Result<Login> Accounts::login(std::string_view email, std::string_view password,
                              std::string_view ip_address) {
  // A malformed address belongs to nobody, and is told so like every other stranger.
  const Result<std::string> clean = clean_email(email);
  std::optional<store::UserContext> context;
  if (clean) {
    PB_ASSIGN(context, store_.read([&](store::ReadTransaction& tx) { return tx.user_by_email(*clean); }));
  }
  const bool matches = crypto::verify_password(context ? context->user.password_hash : decoy_hash_, password);
  if (!context || !matches || !context->user.is_active) return wrong_credentials();
  if (!context->subscription.is_active)
    return fail(ErrorCode::kSubscriptionInactive,
                "The subscription is disabled; ask the operator of this server.");

  const store::User& user = context->user;
  if (crypto::password_needs_rehash(user.password_hash)) renew_hash(user.id, user.password_hash, password);
  PB_ASSIGN(const auto account,
            store_.read([&](store::ReadTransaction& tx) { return read_account(tx, user.id); }));
  note(audit_entry("user.login", user.id, user.id, ip_address), true);
  return Login{account, tokens_.issue(user)};
}

// Best effort: the old hash serves until the next login.
void Accounts::renew_hash(std::string_view user_id, std::string_view old_hash, std::string_view password) {
  auto hash = crypto::hash_password(password);
  if (!hash) return;
  store_.write(
      [id = std::string(user_id), old = std::string(old_hash),
       fresh = std::move(*hash)](store::WriteTransaction& tx) -> Status {
        PB_ASSIGN(auto user, tx.user(id));
        if (!user || user->password_hash != old) return {};
        user->password_hash = fresh;
        return tx.put_user(*user);
      },
      nullptr);
}

Result<Account> Accounts::me(const Caller& caller) {
  PB_TRY(require_user(caller));
  return store_.read([&](store::ReadTransaction& tx) { return read_account(tx, caller.user_id); });
}

Result<std::string> Accounts::change_password(const Caller& caller, std::string_view current,
                                              std::string_view next) {
  PB_TRY(require_user(caller));
  PB_TRY(check_password(next, "newPassword", kMinPasswordAtChange));
  PB_ASSIGN(const auto before,
            store_.read([&](store::ReadTransaction& tx) { return tx.user(caller.user_id); }));
  if (!before || !before->is_active) return user_gone();
  const std::unexpected<Error> wrong = fail(ErrorCode::kInvalidCredentials, "The current password is wrong.");
  if (!crypto::verify_password(before->password_hash, current)) return wrong;
  PB_ASSIGN(const std::string hash, crypto::hash_password(next));
  PB_ASSIGN(const auto user, store_.write_sync([&](store::WriteTransaction& tx) -> Result<store::User> {
    PB_ASSIGN(auto found, tx.user(caller.user_id));
    if (!found || !found->is_active) return user_gone();
    // Somebody else changed it in between: what was checked is not current any more.
    if (found->password_hash != before->password_hash) return wrong;
    found->password_hash = hash;
    ++found->token_version;
    found->tokens_valid_from = found->updated_at = clock_.wall_now();
    PB_TRY(tx.put_user(*found));
    PB_TRY(tx.append_audit(audit_entry("user.password_change", found->id, found->id, caller.ip_address)));
    return std::move(*found);
  }));
  revocations_.user_revoked(user.id, false);
  return tokens_.issue(user);
}

Result<std::string> Accounts::refresh(const Caller& caller) {
  PB_TRY(require_user(caller));
  PB_ASSIGN(const auto user,
            store_.read([&](store::ReadTransaction& tx) { return tx.user(caller.user_id); }));
  if (!user || !user->is_active) return user_gone();
  return tokens_.issue(*user);
}

Status Accounts::logout(const Caller& caller) {
  PB_TRY(require_user(caller));
  note(audit_entry("user.logout", caller.user_id, caller.user_id, caller.ip_address), false);
  return {};
}

Status Accounts::set_instance_limit(int64_t instances) {
  instance_limit_ = instances;
  return store_.write_sync([&](store::WriteTransaction& tx) { return tx.set_max_instances(instances); });
}

Status Accounts::set_subscription_active(std::string_view subscription_id, bool active) {
  const Status written = store_.write_sync([&](store::WriteTransaction& tx) -> Status {
    PB_ASSIGN(auto subscription, tx.subscription(subscription_id));
    if (!subscription) return fail(ErrorCode::kSubscriptionNotFound, "There is no such subscription.");
    subscription->is_active = active;
    subscription->updated_at = clock_.wall_now();
    return tx.put_subscription(*subscription);
  });
  PB_TRY(written);
  if (!active) revocations_.subscription_revoked(subscription_id);
  return {};
}

}  // namespace patchbay::manager
