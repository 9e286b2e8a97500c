// What can be asked of the store and done to it, in the words of the domain, whatever engine is behind. A
// transaction exists only inside a closure given to Store and belongs to the thread that runs the closure; it
// sees one consistent state. "Nothing found" is an empty optional, an engine's failure is kDatabase or
// kStorageFull, and a rule of the schema that was broken has the code its method names.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/records.h"

namespace patchbay::store {

class ReadTransaction {
 public:
  virtual ~ReadTransaction() = default;
  ReadTransaction() = default;
  ReadTransaction(const ReadTransaction&) = delete;
  ReadTransaction& operator=(const ReadTransaction&) = delete;

  // --- Subscriptions and users ---
  virtual Result<std::optional<Subscription>> subscription(std::string_view id) = 0;
  virtual Result<std::optional<User>> user(std::string_view id) = 0;
  // `email` as stored, that is lowercase.
  virtual Result<std::optional<UserContext>> user_by_email(std::string_view email) = 0;
  virtual Result<std::optional<UserContext>> user_context(std::string_view id) = 0;
  virtual Result<Page<UserRow>> users(const UserFilter& filter) = 0;
  virtual Result<int64_t> count_users() = 0;
  virtual Result<int64_t> count_users_of(std::string_view subscription_id) = 0;
  virtual Result<int64_t> count_active_administrators(std::string_view subscription_id) = 0;
  virtual Result<int64_t> count_instances_created_by(std::string_view user_id) = 0;

  // --- Instances ---
  virtual Result<std::optional<Instance>> instance(std::string_view id) = 0;
  // Nothing when the instance belongs to another subscription.
  virtual Result<std::optional<InstanceRow>> instance_row(std::string_view id,
                                                          std::string_view subscription_id) = 0;
  virtual Result<Page<InstanceRow>> instances(const InstanceFilter& filter) = 0;
  virtual Result<int64_t> count_instances_of(std::string_view subscription_id) = 0;
  // Every instance of every subscription, oldest first: for the start. A failure of `visit` ends the walk.
  virtual Status for_each_instance(const std::function<Status(Instance)>& visit) = 0;
  // The engine's secret state of an instance, decrypted. kDatabase when it is damaged or was encrypted under
  // another master key: never taken for "none".
  virtual Result<std::optional<std::string>> credentials(std::string_view instance_id) = 0;
  // The address of the proxy that the instance connects through, with its password. kDatabase as above.
  virtual Result<std::optional<std::string>> proxy_url(std::string_view instance_id) = 0;

  // In the order in which they were held, at most `limit` (clamped to 1 … 1,000). kDatabase as above.
  virtual Result<std::vector<HeldStanza>> held_stanzas(std::string_view instance_id, int64_t limit) = 0;

  // --- Events ---
  // Numbers above `after`, ascending, at most `limit` (clamped to 1 … 10,000).
  virtual Result<std::vector<Event>> events_after(std::string_view instance_id, uint64_t after,
                                                  int64_t limit) = 0;
  // Nothing when there is no such instance.
  virtual Result<std::optional<EventBounds>> event_bounds(std::string_view instance_id) = 0;

  // --- API keys ---
  // Newest first, at most 1,000.
  virtual Result<std::vector<ApiKey>> api_keys(std::string_view instance_id) = 0;
  virtual Result<std::optional<ApiKey>> api_key(std::string_view instance_id, std::string_view key_id) = 0;
  virtual Result<std::optional<ApiKeyContext>> api_key_by_hash(std::string_view key_hash) = 0;
  virtual Result<int64_t> count_api_keys(std::string_view instance_id) = 0;

  // --- Audit ---
  // Newest first, at most `limit` (clamped to 1 … 1,000).
  virtual Result<std::vector<AuditEntry>> audit_entries(int64_t limit) = 0;
};

// Updates of a row that does not exist fail with the "not found" code of its kind: kSubscriptionNotFound,
// kUserNotFound, kInstanceNotFound, kApiKeyInvalid.
class WriteTransaction : public ReadTransaction {
 public:
  // --- Subscriptions and users ---
  virtual Status insert_subscription(const Subscription& subscription) = 0;
  virtual Status put_subscription(const Subscription& subscription) = 0;  // by id
  virtual Status set_max_instances(int64_t max_instances) = 0;            // of every subscription
  // Users, instances, keys and events of it go too.
  virtual Status delete_subscription(std::string_view id) = 0;
  virtual Status insert_user(const User& user) = 0;     // kUserAlreadyExists: the email is taken
  virtual Status put_user(const User& user) = 0;        // by id; kUserAlreadyExists; last_login_at stays
  virtual Status delete_user(std::string_view id) = 0;  // kUserHasDependencies: instances were created by it
  virtual Status touch_users(std::span<const UserSeen> seen) = 0;  // last_login_at; unknown ids are skipped

  // --- Instances ---
  // kInstanceAlreadyExists: the name is taken in the subscription. last_seq starts at 0.
  virtual Status insert_instance(const Instance& instance) = 0;
  // Sets updated_at too. kInstanceAlreadyExists as above.
  virtual Status put_instance_config(std::string_view id, const InstanceConfig& config, WallTime now) = 0;
  virtual Status put_instance_state(std::string_view id, const InstanceState& state, WallTime now) = 0;
  virtual Status delete_instance(std::string_view id) = 0;  // with its keys, events, secrets
  // Encrypted before they are written. None is an error when nothing was there before.
  virtual Status put_credentials(std::string_view instance_id, std::string_view secret) = 0;
  // What is held goes too: nothing could read it.
  virtual Status delete_credentials(std::string_view instance_id) = 0;
  virtual Status put_proxy_url(std::string_view instance_id, std::string_view url) = 0;
  virtual Status delete_proxy_url(std::string_view instance_id) = 0;
  // Encrypted before it is written; one that is held already stays as it is. kResourceConflict when the
  // instance holds as much as it may (records.h).
  virtual Status hold_stanza(std::string_view instance_id, const HeldStanza& stanza) = 0;

  // --- Events ---
  // Takes the next number of the instance and appends. Numbers have no gaps: when the transaction is undone,
  // its numbers are too.
  virtual Result<uint64_t> append_event(std::string_view instance_id, std::string_view type,
                                        std::string_view payload_json, WallTime time) = 0;
  // Forgets events older than `before`, and of each instance all but the newest `keep`; at most `limit` rows
  // in this call, oldest first. The counters stay. Returns how many went; fewer than `limit` means done.
  virtual Result<int64_t> prune_events(WallTime before, uint64_t keep, int64_t limit) = 0;
  virtual Result<int64_t> prune_events_of(std::string_view instance_id, WallTime before, uint64_t keep,
                                          int64_t limit) = 0;

  // --- API keys ---
  virtual Status insert_api_key(const ApiKey& key) = 0;  // kResourceAlreadyExists: the hash is taken
  // By id: name, hash, clear_key, permissions, is_active, rate_limit, usage_count, expires_at, last_used_at,
  // updated_at.
  virtual Status put_api_key(const ApiKey& key) = 0;
  virtual Status delete_api_key(std::string_view instance_id, std::string_view key_id) = 0;
  virtual Status add_api_key_usage(std::span<const ApiKeyUsage> usage) = 0;  // unknown ids are skipped

  // --- Audit ---
  virtual Status append_audit(const AuditEntry& entry) = 0;
};

}  // namespace patchbay::store
