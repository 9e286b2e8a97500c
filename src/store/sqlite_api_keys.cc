#include "base/log.h"
#include "store/sealed_columns.h"
#include "store/sqlite_transaction.h"

namespace patchbay::store {
namespace {

#define PB_API_KEY_COLUMNS                                                                             \
  "k.id, k.instance_id, k.name, k.key_hash, k.permissions, k.is_active, k.rate_limit, k.usage_count, " \
  "k.created_at, k.updated_at, k.expires_at, k.last_used_at"

ApiKey read_plain_api_key(Statement& row) {
  ApiKey key;
  key.id = row.text();
  key.instance_id = row.text();
  key.name = row.text();
  key.key_hash = row.text();
  key.permissions_json = row.text();
  key.is_active = row.boolean();
  key.rate_limit = row.integer();
  key.usage_count = row.integer();
  key.created_at = row.time();
  key.updated_at = row.time();
  key.expires_at = row.optional_time();
  key.last_used_at = row.optional_time();
  return key;
}

std::unexpected<Error> no_such_key() {
  return fail(ErrorCode::kApiKeyInvalid, "There is no such API key.");
}

}  // namespace

ApiKey SqliteTransaction::read_api_key(Statement& row) const {
  ApiKey key = read_plain_api_key(row);
  if (auto clear = box_.open(row.blob(), kSealedApiKeys.context_of(key.id)))
    key.clear_key = std::move(*clear);
  else
    log::error("an API key cannot be decrypted; it still works, but cannot be shown", {{"key", key.id}});
  return key;
}

Result<std::vector<ApiKey>> SqliteTransaction::api_keys(std::string_view instance_id) {
  PB_ASSIGN(Statement query,
            connection_.prepare("SELECT " PB_API_KEY_COLUMNS ", k.sealed_key FROM api_keys k WHERE "
                                "k.instance_id = ?1 ORDER BY k.created_at DESC, k.number DESC LIMIT 1000"));
  query.bind(instance_id);
  std::vector<ApiKey> keys;
  for (;;) {
    PB_ASSIGN(const bool row, query.step());
    if (!row) return keys;
    keys.push_back(read_api_key(query));
  }
}

Result<std::optional<ApiKey>> SqliteTransaction::api_key(std::string_view instance_id,
                                                         std::string_view key_id) {
  PB_ASSIGN(Statement query,
            connection_.prepare("SELECT " PB_API_KEY_COLUMNS
                                ", k.sealed_key FROM api_keys k WHERE k.instance_id = ?1 AND k.id = ?2"));
  PB_ASSIGN(const bool row, query.bind(instance_id, key_id).step());
  if (!row) return std::nullopt;
  return read_api_key(query);
}

Result<std::optional<ApiKeyContext>> SqliteTransaction::api_key_by_hash(std::string_view key_hash) {
  PB_ASSIGN(Statement query,
            connection_.prepare("SELECT " PB_API_KEY_COLUMNS ", i.is_active, " PB_USER_COLUMNS
                                ", " PB_SUBSCRIPTION_COLUMNS
                                " FROM api_keys k JOIN instances i ON i.id = k.instance_id"
                                " JOIN users u ON u.id = i.created_by_id"
                                " JOIN subscriptions s ON s.id = i.subscription_id WHERE k.key_hash = ?1"));
  PB_ASSIGN(const bool row, query.bind(key_hash).step());
  if (!row) return std::nullopt;
  ApiKeyContext context;
  context.key = read_plain_api_key(query);
  context.instance_is_active = query.boolean();
  context.creator = read_user(query);
  context.subscription = read_subscription(query);
  return context;
}

Result<int64_t> SqliteTransaction::count_api_keys(std::string_view instance_id) {
  return count("SELECT count(*) FROM api_keys WHERE instance_id = ?1", instance_id);
}

Status SqliteTransaction::insert_api_key(const ApiKey& key) {
  PB_ASSIGN(Statement insert,
            connection_.prepare(
                "INSERT INTO api_keys (id, instance_id, name, key_hash, sealed_key, permissions, is_active, "
                "rate_limit, usage_count, created_at, updated_at, expires_at, last_used_at) "
                "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"));
  const Bytes sealed = box_.seal(key.clear_key, kSealedApiKeys.context_of(key.id));
  insert.bind(key.id, key.instance_id, key.name, key.key_hash, Blob{sealed}, key.permissions_json,
              key.is_active, key.rate_limit, key.usage_count, key.created_at, key.updated_at, key.expires_at,
              key.last_used_at);
  Status status = insert.run();
  if (insert.broke_unique())
    return fail(ErrorCode::kResourceAlreadyExists, "There is already an API key with this value.");
  if (insert.broke_foreign_key()) return fail(ErrorCode::kInstanceNotFound, "There is no such instance.");
  return status;
}

Status SqliteTransaction::put_api_key(const ApiKey& key) {
  PB_ASSIGN(Statement update,
            connection_.prepare(
                "UPDATE api_keys SET name = ?2, key_hash = ?3, sealed_key = coalesce(?4, sealed_key), "
                "permissions = ?5, is_active = ?6, rate_limit = ?7, usage_count = ?8, "
                "updated_at = ?9, expires_at = ?10, last_used_at = ?11 WHERE id = ?1"));
  const Bytes sealed =
      key.clear_key.empty() ? Bytes() : box_.seal(key.clear_key, kSealedApiKeys.context_of(key.id));
  const std::optional<Blob> replacement = sealed.empty() ? std::nullopt : std::optional(Blob{sealed});
  update.bind(key.id, key.name, key.key_hash, replacement, key.permissions_json, key.is_active,
              key.rate_limit, key.usage_count, key.updated_at, key.expires_at, key.last_used_at);
  PB_TRY(update.run());
  if (update.changes() == 0) return no_such_key();
  return {};
}

Status SqliteTransaction::delete_api_key(std::string_view instance_id, std::string_view key_id) {
  PB_ASSIGN(Statement remove, connection_.prepare("DELETE FROM api_keys WHERE instance_id = ?1 AND id = ?2"));
  PB_TRY(remove.bind(instance_id, key_id).run());
  if (remove.changes() == 0) return no_such_key();
  return {};
}

Status SqliteTransaction::add_api_key_usage(std::span<const ApiKeyUsage> usage) {
  for (const ApiKeyUsage& each : usage) {
    PB_ASSIGN(Statement update,
              connection_.prepare("UPDATE api_keys SET usage_count = usage_count + ?2, "
                                  "last_used_at = max(coalesce(last_used_at, 0), ?3) WHERE id = ?1"));
    PB_TRY(update.bind(each.key_id, each.count, each.last_used_at).run());
  }
  return {};
}

}  // namespace patchbay::store
