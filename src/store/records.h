// What the store keeps, as plain values: no behaviour, no SQL, no secrets in any other form than the one the
// comment names. Names of states and roles are kept as text; their meaning belongs to `manager`. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace patchbay::store {

struct Subscription {
  std::string id;
  std::string name;
  std::string tier = "BASIC";  // BASIC | PRO | MAX
  int64_t max_instances = 5;
  bool is_active = true;
  WallTime created_at;
  WallTime updated_at;
  int64_t current_instances = 0;  // counted when read; ignored when written
  int64_t monthly_messages = 0;
  std::optional<WallTime> last_usage_reset;
};

struct User {
  std::string id;
  std::string email;  // unique, lowercase
  std::string name;
  std::string password_hash;  // argon2id, encoded with its parameters
  std::string role = "USER";  // ADMINISTRATOR | USER
  std::string subscription_id;
  bool is_active = true;
  // A token that carries another version is worthless; raised when a password changes.
  int64_t token_version = 1;
  // Tokens of other issuers carry no version: those issued before this instant are worthless.
  WallTime tokens_valid_from;
  WallTime created_at;
  WallTime updated_at;
  std::optional<WallTime> last_login_at;
};

// What the runtime of an instance owns; written as a whole by put_instance_state().
struct InstanceState {
  std::string status = "DISCONNECTED";         // observed, one of the six names
  std::string desired_state = "DISCONNECTED";  // what operators want
  WallTime status_since;
  std::optional<std::string> phone;
  std::optional<std::string> display_name;
  std::optional<WallTime> last_connected_at;
  std::optional<WallTime> last_disconnected_at;
  std::optional<std::string> qr_code;
  std::optional<WallTime> qr_code_expiry;
  int64_t connection_attempts = 0;
  std::optional<std::string> last_error;
  std::optional<WallTime> last_error_at;
  std::string reason_code;
  std::string reason_text;
  std::string next_step;  // name of NextStep::What
  std::string next_step_text;
  std::optional<WallTime> next_step_at;
};

// A stanza of WhatsApp's that was acknowledged and waits for the part of the server that reads it. `key`
// names it among those of its instance (at most 64 bytes, no content of it); `bytes` is the stanza, a secret.
struct HeldStanza {
  std::string key;
  std::string bytes;
  bool is_message = true;  // else what a contact gave beside them
  WallTime received_at;
};
// How much an instance may hold. Past it nothing more is taken.
inline constexpr int64_t kMaxHeldStanzas = 10'000;
inline constexpr int64_t kMaxHeldBytes = 32 * 1024 * 1024;

// What an operator edits; written as a whole by put_instance_config().
struct InstanceConfig {
  std::string name;  // unique in the subscription
  std::string description;
  std::string settings_json = "{}";
  std::string metadata_json = "{}";
  bool is_active = true;
};

struct Instance {
  std::string id;
  std::string subscription_id;
  std::string created_by_id;
  WallTime created_at;
  WallTime updated_at;
  InstanceConfig config;
  InstanceState state;
  uint64_t last_seq = 0;      // number of the newest event; moved by append_event() alone
  int64_t held_messages = 0;  // counted by hold_stanza() alone
};

struct UserBrief {
  std::string id;
  std::string name;
  std::string email;
};

// An instance with what lists and pages show beside it.
struct InstanceRow {
  Instance instance;
  UserBrief created_by;
  int64_t api_key_count = 0;
};

struct ApiKey {
  std::string id;
  std::string instance_id;
  std::string name;
  std::string key_hash;  // SHA-256 of the key, lowercase hexadecimal; unique
  // The key itself, as its holder sends it. On disk only encrypted under the master key.
  std::string clear_key;
  std::string permissions_json = "{}";
  bool is_active = true;
  int64_t rate_limit = 1000;
  int64_t usage_count = 0;
  WallTime created_at;
  WallTime updated_at;
  std::optional<WallTime> expires_at;
  std::optional<WallTime> last_used_at;
};

// All that decides whether a user's token, or a key, is let in, from one read.
struct UserContext {
  User user;
  Subscription subscription;  // current_instances is not counted here
};
struct ApiKeyContext {
  ApiKey key;  // clear_key is left empty
  bool instance_is_active = false;
  User creator;
  Subscription subscription;  // that of the instance; current_instances is not counted here
};

struct Event {
  std::string instance_id;
  uint64_t seq = 0;  // 1, 2, 3, … in its instance, without gaps
  std::string type;
  std::string payload_json;
  WallTime time;
};
// Which numbers of an instance's log are still kept.
struct EventBounds {
  uint64_t first_seq = 0;  // 0 when none is kept
  uint64_t last_seq = 0;   // the counter, whether its event is kept or not
};

struct AuditEntry {
  std::string id;
  std::string action;    // "user.login"
  std::string resource;  // "user"
  std::optional<std::string> resource_id;
  std::optional<std::string> user_id;
  std::optional<std::string> ip_address;
  WallTime time;
};

// Usage of an API key since it was last written down.
struct ApiKeyUsage {
  std::string key_id;
  int64_t count = 0;
  WallTime last_used_at;
};
struct UserSeen {
  std::string user_id;
  WallTime at;
};

// `page` from 1; `per_page` 1 to 100 (other values are clamped).
struct Paging {
  int64_t page = 1;
  int64_t per_page = 20;
  bool ascending = false;
};
template <typename T>
struct Page {
  std::vector<T> items;
  int64_t total = 0;  // of all pages
};

struct InstanceFilter {
  std::string subscription_id;
  enum class SortBy { kCreatedAt, kUpdatedAt, kName, kStatus, kLastConnectedAt };
  SortBy sort_by = SortBy::kCreatedAt;
  Paging paging;
  std::optional<std::string> status;
  std::optional<std::string> created_by_id;
  std::string search;  // substring of name, display name or phone; ASCII case is ignored; empty: everything
};

struct UserFilter {
  std::string subscription_id;
  enum class SortBy { kCreatedAt, kUpdatedAt, kName, kEmail, kRole, kLastLoginAt };
  SortBy sort_by = SortBy::kCreatedAt;
  Paging paging;
};
struct UserRow {
  User user;
  int64_t instance_count = 0;
};

}  // namespace patchbay::store
