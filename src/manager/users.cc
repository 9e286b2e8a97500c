// The part of Accounts that administrators use (panel contract §6.3).
#include "base/ids.h"
#include "crypto/password.h"
#include "manager/account_views.h"
#include "manager/accounts.h"
#include "manager/revocations.h"
#include "manager/text_rules.h"
#include "store/store.h"

namespace patchbay::manager {
namespace {

constexpr size_t kMinPassword = 8;
constexpr int64_t kMaxListed = 100;

std::unexpected<Error> no_such_user() {
  return fail(ErrorCode::kUserNotFound, "There is no such user.");
}

Result<store::User> find_user(store::ReadTransaction& tx, const Caller& caller, std::string_view id) {
  PB_ASSIGN(auto user, tx.user(id));
  if (!user || user->subscription_id != caller.subscription_id) return no_such_user();
  return std::move(*user);
}

Result<store::Subscription> find_subscription(store::ReadTransaction& tx, std::string_view id) {
  PB_ASSIGN(auto subscription, tx.subscription(id));
  if (!subscription) return fail(ErrorCode::kSubscriptionNotFound, "There is no such subscription.");
  return std::move(*subscription);
}

store::UserFilter::SortBy to_store(UserQuery::SortBy sort_by) {
  switch (sort_by) {
    case UserQuery::SortBy::kCreatedAt:
      return store::UserFilter::SortBy::kCreatedAt;
    case UserQuery::SortBy::kUpdatedAt:
      return store::UserFilter::SortBy::kUpdatedAt;
    case UserQuery::SortBy::kName:
      return store::UserFilter::SortBy::kName;
    case UserQuery::SortBy::kEmail:
      return store::UserFilter::SortBy::kEmail;
    case UserQuery::SortBy::kRole:
      return store::UserFilter::SortBy::kRole;
    case UserQuery::SortBy::kLastLoginAt:
      return store::UserFilter::SortBy::kLastLoginAt;
  }
  return store::UserFilter::SortBy::kCreatedAt;
}

std::vector<UserListItem> items_of(const std::vector<store::UserRow>& rows) {
  std::vector<UserListItem> items;
  items.reserve(rows.size());
  for (const store::UserRow& row : rows) items.push_back({view_of(row.user), row.instance_count});
  return items;
}

struct InstanceList {
  std::vector<UserInstance> instances;
  int64_t total = 0;
};
Result<InstanceList> read_instances(store::ReadTransaction& tx, store::InstanceFilter filter) {
  filter.paging = {.page = 1, .per_page = kMaxListed, .ascending = false};
  PB_ASSIGN(const auto page, tx.instances(filter));
  InstanceList list;
  list.total = page.total;
  for (const store::InstanceRow& row : page.items)
    list.instances.push_back({.id = row.instance.id,
                              .name = row.instance.config.name,
                              .status = row.instance.state.status,
                              .created_at = row.instance.created_at,
                              .created_by_id = row.instance.created_by_id});
  return list;
}

}  // namespace

Result<UserView> Accounts::create_user(const Caller& caller, const NewUser& request) {
  PB_TRY(require_administrator(caller));
  store::User user;
  PB_ASSIGN(user.email, clean_email(request.email));
  PB_TRY(check_password(request.password, "password", kMinPassword));
  PB_ASSIGN(user.name, clean_name(request.name, "name", 2, 100));
  PB_ASSIGN(user.password_hash, crypto::hash_password(request.password));
  const WallTime now = clock_.wall_now();
  user.id = make_cuid(now);
  user.role = to_string(request.role);
  user.subscription_id = caller.subscription_id;
  user.created_at = user.updated_at = now;
  const Status written = store_.write_sync([&](store::WriteTransaction& tx) -> Status {
    PB_TRY(tx.insert_user(user));
    return tx.append_audit(audit_entry("user.create", user.id, caller.user_id, caller.ip_address));
  });
  PB_TRY(written);
  return view_of(user);
}

Result<UserPage> Accounts::list_users(const Caller& caller, const UserQuery& query) {
  PB_TRY(require_administrator(caller));
  const store::UserFilter filter{
      .subscription_id = caller.subscription_id,
      .sort_by = to_store(query.sort_by),
      .paging = {.page = query.page, .per_page = query.per_page, .ascending = query.ascending}};
  PB_ASSIGN(const auto page, store_.read([&](store::ReadTransaction& tx) { return tx.users(filter); }));
  return UserPage{items_of(page.items), page.total};
}

Result<UserDetails> Accounts::get_user(const Caller& caller, std::string_view id) {
  PB_TRY(require_administrator(caller));
  return store_.read([&](store::ReadTransaction& tx) -> Result<UserDetails> {
    PB_ASSIGN(const auto user, find_user(tx, caller, id));
    PB_ASSIGN(const auto subscription, find_subscription(tx, user.subscription_id));
    store::InstanceFilter filter;
    filter.subscription_id = user.subscription_id;
    filter.created_by_id = user.id;
    PB_ASSIGN(auto list, read_instances(tx, std::move(filter)));
    return UserDetails{view_of(user), view_of(subscription), std::move(list.instances), list.total};
  });
}

Result<Account> Accounts::update_user(const Caller& caller, std::string_view id, const UserUpdate& update) {
  PB_TRY(require_administrator(caller));
  if (!update.email && !update.name && !update.role && !update.is_active)
    return fail(ErrorCode::kValidation, "At least one of email, name, role and isActive is needed.");
  std::optional<std::string> email;
  std::optional<std::string> name;
  if (update.email) {
    PB_ASSIGN(email, clean_email(*update.email));
  }
  if (update.name) {
    PB_ASSIGN(name, clean_name(*update.name, "name", 2, 100));
  }
  bool disabled = false;
  PB_ASSIGN(auto account, store_.write_sync([&](store::WriteTransaction& tx) -> Result<Account> {
    PB_ASSIGN(auto user, find_user(tx, caller, id));
    const bool demotes = update.role && *update.role != Role::kAdministrator;
    if (user.id == caller.user_id && (demotes || update.is_active == false))
      return fail(ErrorCode::kInvalidOperation,
                  "You cannot demote or disable yourself; another administrator can.");
    disabled = user.is_active && update.is_active == false;
    if (email) user.email = *email;
    if (name) user.name = *name;
    if (update.role) user.role = to_string(*update.role);
    if (update.is_active) user.is_active = *update.is_active;
    user.updated_at = clock_.wall_now();
    if (disabled) {
      // Tokens of before do not come back to life when the user is enabled again.
      ++user.token_version;
      user.tokens_valid_from = user.updated_at;
    }
    PB_TRY(tx.put_user(user));
    PB_TRY(tx.append_audit(audit_entry("user.update", user.id, caller.user_id, caller.ip_address)));
    PB_ASSIGN(const auto subscription, find_subscription(tx, user.subscription_id));
    return Account{view_of(user), view_of(subscription)};
  }));
  if (disabled) revocations_.user_revoked(id, true);
  return account;
}

Status Accounts::delete_user(const Caller& caller, std::string_view id) {
  PB_TRY(require_administrator(caller));
  const Status written = store_.write_sync([&](store::WriteTransaction& tx) -> Status {
    PB_ASSIGN(const auto user, find_user(tx, caller, id));
    if (user.id == caller.user_id)
      return fail(ErrorCode::kInvalidOperation, "You cannot delete yourself; another administrator can.");
    PB_TRY(tx.delete_user(id));
    return tx.append_audit(audit_entry("user.delete", id, caller.user_id, caller.ip_address));
  });
  PB_TRY(written);
  revocations_.user_revoked(id, true);
  return {};
}

Result<SubscriptionUsage> Accounts::subscription_usage(const Caller& caller) {
  PB_TRY(require_user(caller));
  return store_.read([&](store::ReadTransaction& tx) -> Result<SubscriptionUsage> {
    PB_ASSIGN(const auto subscription, find_subscription(tx, caller.subscription_id));
    store::UserFilter users;
    users.subscription_id = subscription.id;
    users.paging.per_page = kMaxListed;
    PB_ASSIGN(const auto user_page, tx.users(users));
    store::InstanceFilter instances;
    instances.subscription_id = subscription.id;
    PB_ASSIGN(auto list, read_instances(tx, std::move(instances)));
    TierLimits limits = tier_limits(subscription.tier);
    limits.max_instances = subscription.max_instances;
    return SubscriptionUsage{.subscription = view_of(subscription),
                             .limits = limits,
                             .current_instances = list.total,
                             .current_users = user_page.total,
                             .monthly_messages = subscription.monthly_messages,
                             .users = items_of(user_page.items),
                             .instances = std::move(list.instances)};
  });
}

}  // namespace patchbay::manager
