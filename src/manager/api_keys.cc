#include "manager/api_keys.h"

#include <algorithm>

#include "base/ids.h"
#include "crypto/digest.h"
#include "manager/accounts.h"
#include "manager/revocations.h"
#include "manager/text_rules.h"
#include "manager/usage_recorder.h"
#include "store/store.h"

namespace patchbay::manager {
namespace {

constexpr int64_t kMaxRateLimit = 10'000;
constexpr size_t kKeyEntropyBytes = 32;
constexpr auto kRecentlyUsed = std::chrono::hours(24);

std::unexpected<Error> instance_gone() {
  return fail(ErrorCode::kInstanceNotFound, "There is no such instance.");
}
std::unexpected<Error> no_such_key() {
  return fail(ErrorCode::kApiKeyInvalid, "There is no such API key.");
}

Result<std::string> check_name(std::string_view name) {
  return clean_name(name, "name", 1, 100);
}

Status check_rate_limit(int64_t limit) {
  if (limit >= 1 && limit <= kMaxRateLimit) return {};
  return fail(ErrorCode::kValidation, "rateLimit must be 1 to 10000.");
}

Status check_expiry(WallTime expires_at, WallTime now) {
  if (expires_at > now) return {};
  return fail(ErrorCode::kValidation, "expiresAt must be in the future.");
}

void give_new_text(store::ApiKey& key) {
  key.clear_key = "wa_" + random_hex(kKeyEntropyBytes);
  key.key_hash = crypto::sha256_hex(key.clear_key);
}

Result<ApiKeyView> key_view(const store::ApiKey& key, const UsageRecorder::Usage& pending) {
  ApiKeyView view;
  view.id = key.id;
  view.instance_id = key.instance_id;
  view.name = key.name;
  view.api_key = key.clear_key;
  PB_ASSIGN(view.permissions, parse_permissions(key.permissions_json));
  view.is_active = key.is_active;
  view.rate_limit = key.rate_limit;
  view.usage_count = key.usage_count + pending.count;
  view.last_used_at = key.last_used_at;
  if (pending.count > 0 && (!view.last_used_at || *view.last_used_at < pending.last_used_at))
    view.last_used_at = pending.last_used_at;
  view.expires_at = key.expires_at;
  view.created_at = key.created_at;
  view.updated_at = key.updated_at;
  return view;
}

// The instance, if it is the caller's.
Status check_instance(store::ReadTransaction& tx, const Caller& caller, std::string_view instance_id) {
  PB_ASSIGN(const auto instance, tx.instance(instance_id));
  if (!instance || instance->subscription_id != caller.subscription_id) return instance_gone();
  return {};
}

Result<store::ApiKey> find_key(store::ReadTransaction& tx, const Caller& caller, std::string_view instance_id,
                               std::string_view key_id) {
  PB_TRY(check_instance(tx, caller, instance_id));
  PB_ASSIGN(auto key, tx.api_key(instance_id, key_id));
  if (!key) return no_such_key();
  return std::move(*key);
}

// Counts move from memory to the store between two looks; a reader that saw it happen looks again.
template <typename Read>
auto read_settled(const UsageRecorder& usage, Read read) {
  for (int attempt = 0;; ++attempt) {
    const uint64_t generation = usage.generation();
    auto result = read();
    if (attempt == 3 || usage.generation() == generation) return result;
  }
}

}  // namespace

ApiKeys::ApiKeys(store::Store& store, UsageRecorder& usage, Revocations& revocations, const Clock& clock)
    : store_(store), usage_(usage), revocations_(revocations), clock_(clock) {}

Result<ApiKeyView> ApiKeys::create(const Caller& caller, std::string_view instance_id,
                                   const NewApiKey& request) {
  PB_TRY(require_user(caller));
  const WallTime now = clock_.wall_now();
  store::ApiKey key;
  PB_ASSIGN(key.name, check_name(request.name));
  PB_TRY(check_rate_limit(request.rate_limit));
  if (request.expires_at) PB_TRY(check_expiry(*request.expires_at, now));
  key.id = make_cuid(now);
  key.instance_id = instance_id;
  key.permissions_json = to_json(request.permissions);
  key.rate_limit = request.rate_limit;
  key.expires_at = request.expires_at;
  key.created_at = key.updated_at = now;
  give_new_text(key);
  const Status written = store_.write_sync([&](store::WriteTransaction& tx) -> Status {
    PB_TRY(check_instance(tx, caller, instance_id));
    PB_ASSIGN(const auto subscription, tx.subscription(caller.subscription_id));
    if (!subscription) return instance_gone();
    PB_ASSIGN(const int64_t count, tx.count_api_keys(instance_id));
    const int64_t limit = tier_limits(subscription->tier).keys_per_instance;
    if (count >= limit)
      return fail(ErrorCode::kSubscriptionLimitExceeded,
                  "The tier " + subscription->tier + " includes " + std::to_string(limit) +
                      (limit == 1 ? " API key" : " API keys") + " per instance; delete one first.");
    return tx.insert_api_key(key);
  });
  PB_TRY(written);
  return key_view(key, {});
}

Result<std::vector<ApiKeyView>> ApiKeys::list(const Caller& caller, std::string_view instance_id) {
  PB_TRY(require_user(caller));
  return read_settled(usage_, [&]() -> Result<std::vector<ApiKeyView>> {
    PB_ASSIGN(const auto keys,
              store_.read([&](store::ReadTransaction& tx) -> Result<std::vector<store::ApiKey>> {
                PB_TRY(check_instance(tx, caller, instance_id));
                return tx.api_keys(instance_id);
              }));
    std::vector<ApiKeyView> views;
    views.reserve(keys.size());
    for (const store::ApiKey& key : keys) {
      PB_ASSIGN(auto view, key_view(key, usage_.pending(key.id)));
      views.push_back(std::move(view));
    }
    return views;
  });
}

Result<ApiKeyView> ApiKeys::get(const Caller& caller, std::string_view instance_id, std::string_view key_id) {
  PB_TRY(require_user(caller));
  return read_settled(usage_, [&]() -> Result<ApiKeyView> {
    PB_ASSIGN(const auto key, store_.read([&](store::ReadTransaction& tx) {
      return find_key(tx, caller, instance_id, key_id);
    }));
    return key_view(key, usage_.pending(key.id));
  });
}

Result<ApiKeyView> ApiKeys::update(const Caller& caller, std::string_view instance_id,
                                   std::string_view key_id, const ApiKeyUpdate& update) {
  PB_TRY(require_user(caller));
  const WallTime now = clock_.wall_now();
  std::optional<std::string> name;
  if (update.name) {
    PB_ASSIGN(name, check_name(*update.name));
  }
  if (update.rate_limit) PB_TRY(check_rate_limit(*update.rate_limit));
  if (update.expires_at) PB_TRY(check_expiry(*update.expires_at, now));
  bool disabled = false;
  std::optional<WallTime> expired_at;
  PB_ASSIGN(const auto key, store_.write_sync([&](store::WriteTransaction& tx) -> Result<store::ApiKey> {
    PB_ASSIGN(auto found, find_key(tx, caller, instance_id, key_id));
    disabled = found.is_active && update.is_active == false;
    expired_at = found.expires_at;
    if (name) found.name = *name;
    if (update.permissions) found.permissions_json = to_json(*update.permissions);
    if (update.rate_limit) found.rate_limit = *update.rate_limit;
    if (update.is_active) found.is_active = *update.is_active;
    if (update.clear_expiry) found.expires_at.reset();
    if (update.expires_at) found.expires_at = update.expires_at;
    const bool changes = name || update.permissions || update.rate_limit || update.is_active ||
                         update.clear_expiry || update.expires_at;
    if (!changes) return found;
    found.updated_at = now;
    PB_TRY(tx.put_api_key(found));
    return found;
  }));
  if (disabled) revocations_.api_key_revoked(key.id);
  if (key.expires_at != expired_at) revocations_.api_key_expiry(key.id, key.expires_at);
  return key_view(key, usage_.pending(key.id));
}

Status ApiKeys::remove(const Caller& caller, std::string_view instance_id, std::string_view key_id) {
  PB_TRY(require_user(caller));
  const Status written = store_.write_sync([&](store::WriteTransaction& tx) -> Status {
    PB_TRY(check_instance(tx, caller, instance_id));
    return tx.delete_api_key(instance_id, key_id);
  });
  PB_TRY(written);
  usage_.forget_key(key_id);
  revocations_.api_key_revoked(key_id);
  return {};
}

Result<ApiKeyStats> ApiKeys::stats(const Caller& caller, std::string_view instance_id,
                                   std::string_view key_id) {
  PB_ASSIGN(const ApiKeyView key, get(caller, instance_id, key_id));
  ApiKeyStats stats;
  stats.total_usage = key.usage_count;
  stats.rate_limit = key.rate_limit;
  stats.last_used_at = key.last_used_at;
  stats.created_at = key.created_at;
  const int64_t limit = std::max<int64_t>(key.rate_limit, 1);
  stats.usage_percentage = (key.usage_count * 100 + limit / 2) / limit;
  if (key.last_used_at) stats.is_recently_active = clock_.wall_now() - *key.last_used_at < kRecentlyUsed;
  return stats;
}

Result<ApiKeyView> ApiKeys::regenerate(const Caller& caller, std::string_view instance_id,
                                       std::string_view key_id) {
  PB_TRY(require_user(caller));
  PB_ASSIGN(const auto key, store_.write_sync([&](store::WriteTransaction& tx) -> Result<store::ApiKey> {
    PB_ASSIGN(auto found, find_key(tx, caller, instance_id, key_id));
    give_new_text(found);
    found.usage_count = 0;
    found.last_used_at.reset();
    found.updated_at = clock_.wall_now();
    PB_TRY(tx.put_api_key(found));
    return found;
  }));
  usage_.forget_key(key_id);
  revocations_.api_key_revoked(key.id);
  return key_view(key, {});
}

}  // namespace patchbay::manager
