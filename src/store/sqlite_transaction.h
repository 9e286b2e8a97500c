// The words of the domain in SQL, on one connection inside an open transaction. Internal to the store.
// Belongs to the thread that runs the closure. The bodies stand by capability: sqlite_users.cc,
// sqlite_instances.cc, sqlite_held_stanzas.cc, sqlite_events.cc, sqlite_api_keys.cc.
#pragma once

#include "crypto/secret_box.h"
#include "store/sealed_columns.h"
#include "store/sqlite_connection.h"
#include "store/transaction.h"

namespace patchbay::store {

class SqliteTransaction final : public WriteTransaction {
 public:
  SqliteTransaction(Connection& connection, const crypto::SecretBox& box)
      : connection_(connection), box_(box) {}

  Result<std::optional<Subscription>> subscription(std::string_view id) override;
  Result<std::optional<User>> user(std::string_view id) override;
  Result<std::optional<UserContext>> user_by_email(std::string_view email) override;
  Result<std::optional<UserContext>> user_context(std::string_view id) override;
  Result<Page<UserRow>> users(const UserFilter& filter) override;
  Result<int64_t> count_users() override;
  Result<int64_t> count_users_of(std::string_view subscription_id) override;
  Result<int64_t> count_active_administrators(std::string_view subscription_id) override;
  Result<int64_t> count_instances_created_by(std::string_view user_id) override;
  Status insert_subscription(const Subscription& subscription) override;
  Status put_subscription(const Subscription& subscription) override;
  Status set_max_instances(int64_t max_instances) override;
  Status delete_subscription(std::string_view id) override;
  Status insert_user(const User& user) override;
  Status put_user(const User& user) override;
  Status delete_user(std::string_view id) override;
  Status touch_users(std::span<const UserSeen> seen) override;

  Result<std::optional<Instance>> instance(std::string_view id) override;
  Result<std::optional<InstanceRow>> instance_row(std::string_view id,
                                                  std::string_view subscription_id) override;
  Result<Page<InstanceRow>> instances(const InstanceFilter& filter) override;
  Result<int64_t> count_instances_of(std::string_view subscription_id) override;
  Status for_each_instance(const std::function<Status(Instance)>& visit) override;
  Result<std::optional<std::string>> credentials(std::string_view instance_id) override;
  Result<std::optional<std::string>> proxy_url(std::string_view instance_id) override;
  Result<std::vector<HeldStanza>> held_stanzas(std::string_view instance_id, int64_t limit) override;
  Status insert_instance(const Instance& instance) override;
  Status put_instance_config(std::string_view id, const InstanceConfig& config, WallTime now) override;
  Status put_instance_state(std::string_view id, const InstanceState& state, WallTime now) override;
  Status delete_instance(std::string_view id) override;
  Status put_credentials(std::string_view instance_id, std::string_view secret) override;
  Status delete_credentials(std::string_view instance_id) override;
  Status put_proxy_url(std::string_view instance_id, std::string_view url) override;
  Status delete_proxy_url(std::string_view instance_id) override;
  Status hold_stanza(std::string_view instance_id, const HeldStanza& stanza) override;

  Result<std::vector<Event>> events_after(std::string_view instance_id, uint64_t after,
                                          int64_t limit) override;
  Result<std::optional<EventBounds>> event_bounds(std::string_view instance_id) override;
  Result<uint64_t> append_event(std::string_view instance_id, std::string_view type,
                                std::string_view payload_json, WallTime time) override;
  Result<int64_t> prune_events(WallTime before, uint64_t keep, int64_t limit) override;
  Result<int64_t> prune_events_of(std::string_view instance_id, WallTime before, uint64_t keep,
                                  int64_t limit) override;
  Result<std::vector<AuditEntry>> audit_entries(int64_t limit) override;
  Status append_audit(const AuditEntry& entry) override;

  Result<std::vector<ApiKey>> api_keys(std::string_view instance_id) override;
  Result<std::optional<ApiKey>> api_key(std::string_view instance_id, std::string_view key_id) override;
  Result<std::optional<ApiKeyContext>> api_key_by_hash(std::string_view key_hash) override;
  Result<int64_t> count_api_keys(std::string_view instance_id) override;
  Status insert_api_key(const ApiKey& key) override;
  Status put_api_key(const ApiKey& key) override;
  Status delete_api_key(std::string_view instance_id, std::string_view key_id) override;
  Status add_api_key_usage(std::span<const ApiKeyUsage> usage) override;

 private:
  Result<std::optional<std::string>> secret_of(const SealedColumn& column, std::string_view instance_id);
  Status put_secret(const SealedColumn& column, std::string_view instance_id, std::string_view secret);
  Status delete_secret(const SealedColumn& column, std::string_view instance_id);
  Result<std::optional<UserContext>> find_user_context(std::string_view sql, std::string_view key);
  Result<int64_t> count(std::string_view sql, std::string_view key);
  Result<int64_t> prune_one(int64_t instance_number, int64_t last_seq, WallTime before, uint64_t keep,
                            int64_t limit);
  ApiKey read_api_key(Statement& row) const;

  Connection& connection_;
  const crypto::SecretBox& box_;
};

// --- Shared between the bodies ---

// Columns in the order their readers want them; the table is called u, s or k.
#define PB_USER_COLUMNS                                                                               \
  "u.id, u.email, u.name, u.password_hash, u.role, u.subscription_id, u.is_active, u.token_version, " \
  "u.tokens_valid_from, u.created_at, u.updated_at, u.last_login_at"
#define PB_SUBSCRIPTION_COLUMNS                                                                          \
  "s.id, s.name, s.tier, s.max_instances, s.is_active, s.created_at, s.updated_at, s.monthly_messages, " \
  "s.last_usage_reset"
User read_user(Statement& row);
Subscription read_subscription(Statement& row);

int64_t clamped_limit(const Paging& paging);
int64_t offset_of(const Paging& paging);

}  // namespace patchbay::store
