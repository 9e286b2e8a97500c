// The API keys of instances (panel contract §6.5): made, listed, changed, renewed, deleted. The key is found
// by its SHA-256; the clear text, which the panel shows, is kept encrypted. Not here: letting callers in
// (authenticator.h). Scoped to the caller's subscription: a foreign instance is kInstanceNotFound, an unknown
// key kApiKeyInvalid (the edge answers 404 here, not 401). Thread-safe; every call blocks: worker threads
// only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "manager/caller.h"
#include "manager/permissions.h"

namespace patchbay::store {
class Store;
}

namespace patchbay::manager {

class Revocations;
class UsageRecorder;

struct ApiKeyView {
  std::string id;
  std::string instance_id;
  std::string name;
  std::string api_key;  // the clear text, a secret
  Permissions permissions;
  bool is_active = true;
  int64_t rate_limit = 1000;
  int64_t usage_count = 0;
  std::optional<WallTime> last_used_at;
  std::optional<WallTime> expires_at;
  WallTime created_at;
  WallTime updated_at;
};

struct NewApiKey {
  std::string name;  // 1–100 characters
  Permissions permissions;
  int64_t rate_limit = 1000;           // 1 … 10,000
  std::optional<WallTime> expires_at;  // in the future
};

struct ApiKeyUpdate {  // empty is fine: nothing changes
  std::optional<std::string> name;
  std::optional<Permissions> permissions;  // replaces them all
  std::optional<int64_t> rate_limit;
  std::optional<bool> is_active;
  bool clear_expiry = false;  // "expiresAt": null
  std::optional<WallTime> expires_at;
};

struct ApiKeyStats {
  int64_t total_usage = 0;
  int64_t rate_limit = 0;
  std::optional<WallTime> last_used_at;
  WallTime created_at;
  int64_t usage_percentage = 0;            // of the rate limit, rounded; may pass 100
  std::optional<bool> is_recently_active;  // used within 24 hours; nothing when never used
};

class ApiKeys {
 public:
  // Everything referred to outlives this object.
  ApiKeys(store::Store& store, UsageRecorder& usage, Revocations& revocations, const Clock& clock);

  // kSubscriptionLimitExceeded: the tier's number of keys is reached (inactive ones count).
  Result<ApiKeyView> create(const Caller& caller, std::string_view instance_id, const NewApiKey& request);
  Result<std::vector<ApiKeyView>> list(const Caller& caller, std::string_view instance_id);  // newest first
  Result<ApiKeyView> get(const Caller& caller, std::string_view instance_id, std::string_view key_id);
  Result<ApiKeyView> update(const Caller& caller, std::string_view instance_id, std::string_view key_id,
                            const ApiKeyUpdate& update);
  Status remove(const Caller& caller, std::string_view instance_id, std::string_view key_id);
  Result<ApiKeyStats> stats(const Caller& caller, std::string_view instance_id, std::string_view key_id);
  // A new clear text for the same key; its usage starts at zero. The old text is worthless at once.
  Result<ApiKeyView> regenerate(const Caller& caller, std::string_view instance_id, std::string_view key_id);

 private:
  store::Store& store_;
  UsageRecorder& usage_;
  Revocations& revocations_;
  const Clock& clock_;
};

}  // namespace patchbay::manager
