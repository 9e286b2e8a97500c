#include <algorithm>

#include "store/sqlite_transaction.h"

namespace patchbay::store {
namespace {

constexpr int64_t kMaxPerPage = 100;
constexpr int64_t kMaxPage = 1'000'000'000;

std::string_view sort_column(UserFilter::SortBy sort_by) {
  switch (sort_by) {
    case UserFilter::SortBy::kCreatedAt:
      return "u.created_at";
    case UserFilter::SortBy::kUpdatedAt:
      return "u.updated_at";
    case UserFilter::SortBy::kName:
      return "u.name COLLATE NOCASE";
    case UserFilter::SortBy::kEmail:
      return "u.email";
    case UserFilter::SortBy::kRole:
      return "u.role";
    case UserFilter::SortBy::kLastLoginAt:
      return "u.last_login_at";
  }
  return "u.created_at";
}

std::unexpected<Error> email_taken() {
  return fail(ErrorCode::kUserAlreadyExists, "There is already a user with this e-mail address.");
}
std::unexpected<Error> no_such_user() {
  return fail(ErrorCode::kUserNotFound, "There is no such user.");
}
std::unexpected<Error> no_such_subscription() {
  return fail(ErrorCode::kSubscriptionNotFound, "There is no such subscription.");
}

}  // namespace

User read_user(Statement& row) {
  User user;
  user.id = row.text();
  user.email = row.text();
  user.name = row.text();
  user.password_hash = row.text();
  user.role = row.text();
  user.subscription_id = row.text();
  user.is_active = row.boolean();
  user.token_version = row.integer();
  user.tokens_valid_from = row.time();
  user.created_at = row.time();
  user.updated_at = row.time();
  user.last_login_at = row.optional_time();
  return user;
}

Subscription read_subscription(Statement& row) {
  Subscription subscription;
  subscription.id = row.text();
  subscription.name = row.text();
  subscription.tier = row.text();
  subscription.max_instances = row.integer();
  subscription.is_active = row.boolean();
  subscription.created_at = row.time();
  subscription.updated_at = row.time();
  subscription.monthly_messages = row.integer();
  subscription.last_usage_reset = row.optional_time();
  return subscription;
}

int64_t clamped_limit(const Paging& paging) {
  return std::clamp<int64_t>(paging.per_page, 1, kMaxPerPage);
}
int64_t offset_of(const Paging& paging) {
  return (std::clamp<int64_t>(paging.page, 1, kMaxPage) - 1) * clamped_limit(paging);
}

Result<int64_t> SqliteTransaction::count(std::string_view sql, std::string_view key) {
  PB_ASSIGN(Statement query, connection_.prepare(sql));
  PB_ASSIGN(const bool row, query.bind(key).step());
  return row ? query.integer() : 0;
}

Result<std::optional<Subscription>> SqliteTransaction::subscription(std::string_view id) {
  PB_ASSIGN(Statement query,
            connection_.prepare("SELECT " PB_SUBSCRIPTION_COLUMNS
                                ", (SELECT count(*) FROM instances i WHERE i.subscription_id = s.id) "
                                "FROM subscriptions s WHERE s.id = ?1"));
  PB_ASSIGN(const bool row, query.bind(id).step());
  if (!row) return std::nullopt;
  Subscription found = read_subscription(query);
  found.current_instances = query.integer();
  return found;
}

Result<std::optional<User>> SqliteTransaction::user(std::string_view id) {
  PB_ASSIGN(Statement query, connection_.prepare("SELECT " PB_USER_COLUMNS " FROM users u WHERE u.id = ?1"));
  PB_ASSIGN(const bool row, query.bind(id).step());
  if (!row) return std::nullopt;
  return read_user(query);
}

Result<std::optional<UserContext>> SqliteTransaction::find_user_context(std::string_view sql,
                                                                        std::string_view key) {
  PB_ASSIGN(Statement query, connection_.prepare(sql));
  PB_ASSIGN(const bool row, query.bind(key).step());
  if (!row) return std::nullopt;
  UserContext context;
  context.user = read_user(query);
  context.subscription = read_subscription(query);
  return context;
}

#define PB_USER_CONTEXT                                  \
  "SELECT " PB_USER_COLUMNS ", " PB_SUBSCRIPTION_COLUMNS \
  " FROM users u JOIN subscriptions s ON s.id = u.subscription_id WHERE "

Result<std::optional<UserContext>> SqliteTransaction::user_by_email(std::string_view email) {
  return find_user_context(PB_USER_CONTEXT "u.email = ?1", email);
}

Result<std::optional<UserContext>> SqliteTransaction::user_context(std::string_view id) {
  return find_user_context(PB_USER_CONTEXT "u.id = ?1", id);
}

Result<Page<UserRow>> SqliteTransaction::users(const UserFilter& filter) {
  Page<UserRow> page;
  PB_ASSIGN(page.total, count_users_of(filter.subscription_id));
  const std::string direction = filter.paging.ascending ? " ASC" : " DESC";
  std::string sql = "SELECT " PB_USER_COLUMNS
                    ", (SELECT count(*) FROM instances i WHERE i.created_by_id = u.id)"
                    " FROM users u WHERE u.subscription_id = ?1 ORDER BY ";
  sql += sort_column(filter.sort_by);
  sql += direction + ", u.number" + direction + " LIMIT ?2 OFFSET ?3";
  PB_ASSIGN(Statement query, connection_.prepare(sql));
  query.bind(filter.subscription_id, clamped_limit(filter.paging), offset_of(filter.paging));
  for (;;) {
    PB_ASSIGN(const bool row, query.step());
    if (!row) return page;
    UserRow& item = page.items.emplace_back();
    item.user = read_user(query);
    item.instance_count = query.integer();
  }
}

Result<int64_t> SqliteTransaction::count_users() {
  PB_ASSIGN(Statement query, connection_.prepare("SELECT count(*) FROM users"));
  PB_ASSIGN(const bool row, query.step());
  return row ? query.integer() : 0;
}

Result<int64_t> SqliteTransaction::count_users_of(std::string_view subscription_id) {
  return count("SELECT count(*) FROM users WHERE subscription_id = ?1", subscription_id);
}

Result<int64_t> SqliteTransaction::count_active_administrators(std::string_view subscription_id) {
  return count(
      "SELECT count(*) FROM users WHERE subscription_id = ?1 AND role = 'ADMINISTRATOR' AND is_active = 1",
      subscription_id);
}

Result<int64_t> SqliteTransaction::count_instances_created_by(std::string_view user_id) {
  return count("SELECT count(*) FROM instances WHERE created_by_id = ?1", user_id);
}

Status SqliteTransaction::insert_subscription(const Subscription& subscription) {
  PB_ASSIGN(Statement insert,
            connection_.prepare(
                "INSERT INTO subscriptions (id, name, tier, max_instances, is_active, monthly_messages, "
                "last_usage_reset, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"));
  return insert
      .bind(subscription.id, subscription.name, subscription.tier, subscription.max_instances,
            subscription.is_active, subscription.monthly_messages, subscription.last_usage_reset,
            subscription.created_at, subscription.updated_at)
      .run();
}

Status SqliteTransaction::put_subscription(const Subscription& subscription) {
  PB_ASSIGN(
      Statement update,
      connection_.prepare("UPDATE subscriptions SET name = ?2, tier = ?3, max_instances = ?4, "
                          "is_active = ?5, monthly_messages = ?6, last_usage_reset = ?7, updated_at = ?8 "
                          "WHERE id = ?1"));
  PB_TRY(update
             .bind(subscription.id, subscription.name, subscription.tier, subscription.max_instances,
                   subscription.is_active, subscription.monthly_messages, subscription.last_usage_reset,
                   subscription.updated_at)
             .run());
  if (update.changes() == 0) return no_such_subscription();
  return {};
}

Status SqliteTransaction::set_max_instances(int64_t max_instances) {
  PB_ASSIGN(Statement update, connection_.prepare("UPDATE subscriptions SET max_instances = ?1"));
  return update.bind(max_instances).run();
}

Status SqliteTransaction::delete_subscription(std::string_view id) {
  PB_ASSIGN(Statement remove, connection_.prepare("DELETE FROM subscriptions WHERE id = ?1"));
  PB_TRY(remove.bind(id).run());
  if (remove.changes() == 0) return no_such_subscription();
  return {};
}

Status SqliteTransaction::insert_user(const User& user) {
  PB_ASSIGN(Statement insert,
            connection_.prepare("INSERT INTO users (id, email, name, password_hash, role, subscription_id, "
                                "is_active, token_version, tokens_valid_from, created_at, updated_at, "
                                "last_login_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"));
  insert.bind(user.id, user.email, user.name, user.password_hash, user.role, user.subscription_id,
              user.is_active, user.token_version, user.tokens_valid_from, user.created_at, user.updated_at,
              user.last_login_at);
  Status status = insert.run();
  if (insert.broke_unique()) return email_taken();
  if (insert.broke_foreign_key()) return no_such_subscription();
  return status;
}

Status SqliteTransaction::put_user(const User& user) {
  PB_ASSIGN(Statement update,
            connection_.prepare("UPDATE users SET email = ?2, name = ?3, password_hash = ?4, role = ?5, "
                                "is_active = ?6, token_version = ?7, tokens_valid_from = ?8, updated_at = ?9 "
                                "WHERE id = ?1"));
  update.bind(user.id, user.email, user.name, user.password_hash, user.role, user.is_active,
              user.token_version, user.tokens_valid_from, user.updated_at);
  Status status = update.run();
  if (update.broke_unique()) return email_taken();
  PB_TRY(std::move(status));
  if (update.changes() == 0) return no_such_user();
  return {};
}

Status SqliteTransaction::delete_user(std::string_view id) {
  PB_ASSIGN(Statement remove, connection_.prepare("DELETE FROM users WHERE id = ?1"));
  Status status = remove.bind(id).run();
  if (remove.broke_foreign_key())
    return fail(ErrorCode::kUserHasDependencies,
                "This user created instances that still exist; delete those first.");
  PB_TRY(std::move(status));
  if (remove.changes() == 0) return no_such_user();
  return {};
}

Status SqliteTransaction::touch_users(std::span<const UserSeen> seen) {
  for (const UserSeen& each : seen) {
    PB_ASSIGN(Statement update,
              connection_.prepare(
                  "UPDATE users SET last_login_at = max(coalesce(last_login_at, 0), ?2) WHERE id = ?1"));
    PB_TRY(update.bind(each.user_id, each.at).run());
  }
  return {};
}

}  // namespace patchbay::store
