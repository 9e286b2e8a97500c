// /api/instances/{id}/keys: the API keys of an instance.
#include "manager/api_keys.h"

#include <boost/json.hpp>

#include "rest/context.h"
#include "rest/json_view.h"
#include "rest/resources.h"
#include "rest/validation.h"

namespace patchbay::rest {
namespace {

namespace json = boost::json;
using manager::Permissions;

constexpr IntegerRule kRateLimitRule{.min = 1, .max = 10'000};

// Authentication uses the same code with 401; here the key is the thing looked for.
Failure not_found(Error error) {
  const bool unknown_key = error.code == ErrorCode::kApiKeyInvalid;
  return Failure(std::move(error), unknown_key ? 404 : 0);
}

template <typename T>
Outcome<T> found(Result<T> result) {
  if (!result) return std::unexpected(not_found(std::move(result.error())));
  return std::move(*result);
}

// --- Shapes ---

json::object key_json(const manager::ApiKeyView& key) {
  return {{"id", key.id},
          {"name", key.name},
          {"permissions", parse_object(manager::to_json(key.permissions))},
          {"isActive", key.is_active},
          {"rateLimit", key.rate_limit},
          {"usageCount", key.usage_count},
          {"lastUsedAt", to_json(key.last_used_at)},
          {"expiresAt", to_json(key.expires_at)},
          {"createdAt", to_json(key.created_at)},
          {"updatedAt", to_json(key.updated_at)}};
}

json::value clear_text(const manager::ApiKeyView& key) {
  return key.api_key.empty() ? json::value(nullptr) : json::value(key.api_key);
}

json::object key_json_with_clear_text(const manager::ApiKeyView& key) {
  json::object result = key_json(key);
  result["apiKey"] = clear_text(key);
  return result;
}

// --- Input ---

// A category is an object of flags, or one boolean for all of them.
void read_category(FieldReader& permissions, const json::object& input, std::string_view category,
                   std::initializer_list<std::pair<std::string_view, bool*>> flags) {
  const json::value* value = input.if_contains(category);
  if (!value) return;
  if (value->is_bool()) {
    for (const auto& [name, target] : flags) *target = value->get_bool();
    return;
  }
  std::optional<FieldReader> reader = permissions.object(category);
  if (!reader) return;
  for (const auto& [name, target] : flags) *target = reader->boolean(name).value_or(false);
}

std::optional<Permissions> read_permissions(FieldReader& fields, const json::object& body) {
  std::optional<FieldReader> reader = fields.object("permissions");
  if (!reader) return std::nullopt;
  const json::object& input = body.at("permissions").get_object();
  Permissions result;
  read_category(*reader, input, "messages",
                {{"send", &result.messages_send}, {"receive", &result.messages_receive}});
  read_category(*reader, input, "contacts", {{"check", &result.contacts_check}});
  read_category(*reader, input, "instance",
                {{"info", &result.instance_info}, {"stats", &result.instance_stats}});
  read_category(*reader, input, "webhook", {{"configure", &result.webhook_configure}});
  return result;
}

std::optional<std::string> read_api_key_name(FieldReader& fields, Presence presence) {
  return fields.text("name", {.presence = presence, .min_characters = 1, .max_characters = 100});
}

std::optional<WallTime> read_expiry(FieldReader& fields, WallTime now) {
  return fields.is_null("expiresAt") ? std::nullopt : fields.time_after("expiresAt", now);
}

// --- Handlers ---

Outcome<http::Response> create_api_key(const Context& context, const http::Request& request,
                                       const PathParams& params) {
  PB_ASSIGN(const json::object body, context.body(request));
  FieldReader fields(body);
  manager::NewApiKey wanted;
  wanted.name = read_api_key_name(fields, Presence::kRequired).value_or("");
  wanted.permissions = read_permissions(fields, body).value_or(Permissions());
  wanted.rate_limit = fields.integer("rateLimit", kRateLimitRule).value_or(1000);
  wanted.expires_at = read_expiry(fields, context.now);
  PB_TRY(fields.finish());
  PB_ASSIGN(const manager::ApiKeyView key,
            found(context.services.api_keys.create(*context.caller, params["id"], wanted)));
  return context.created(json::object{{"id", key.id},
                                      {"name", key.name},
                                      {"apiKey", clear_text(key)},
                                      {"permissions", parse_object(manager::to_json(key.permissions))},
                                      {"rateLimit", key.rate_limit},
                                      {"expiresAt", to_json(key.expires_at)},
                                      {"createdAt", to_json(key.created_at)}});
}

Outcome<http::Response> list_api_keys(const Context& context, const http::Request&,
                                      const PathParams& params) {
  PB_ASSIGN(const std::vector<manager::ApiKeyView> keys,
            found(context.services.api_keys.list(*context.caller, params["id"])));
  json::array entries;
  for (const manager::ApiKeyView& key : keys) entries.push_back(key_json_with_clear_text(key));
  return context.ok(json::object{{"apiKeys", std::move(entries)}, {"total", keys.size()}});
}

Outcome<http::Response> get_api_key(const Context& context, const http::Request&, const PathParams& params) {
  PB_ASSIGN(const manager::ApiKeyView key,
            found(context.services.api_keys.get(*context.caller, params["id"], params["keyId"])));
  return context.ok(key_json_with_clear_text(key));
}

Outcome<http::Response> update_api_key(const Context& context, const http::Request& request,
                                       const PathParams& params) {
  PB_ASSIGN(const json::object body, context.body(request));
  FieldReader fields(body);
  manager::ApiKeyUpdate change;
  change.name = read_api_key_name(fields, Presence::kOptional);
  change.permissions = read_permissions(fields, body);
  change.rate_limit = fields.integer("rateLimit", kRateLimitRule);
  change.is_active = fields.boolean("isActive");
  change.clear_expiry = fields.is_null("expiresAt");
  change.expires_at = read_expiry(fields, context.now);
  PB_TRY(fields.finish());
  PB_ASSIGN(const manager::ApiKeyView key,
            found(context.services.api_keys.update(*context.caller, params["id"], params["keyId"], change)));
  return context.ok(key_json(key));
}

Outcome<http::Response> remove_api_key(const Context& context, const http::Request&,
                                       const PathParams& params) {
  if (Status removed = context.services.api_keys.remove(*context.caller, params["id"], params["keyId"]);
      !removed) {
    return std::unexpected(not_found(std::move(removed.error())));
  }
  return context.message("The API key is deleted");
}

Outcome<http::Response> stats(const Context& context, const http::Request&, const PathParams& params) {
  PB_ASSIGN(const manager::ApiKeyStats stats,
            found(context.services.api_keys.stats(*context.caller, params["id"], params["keyId"])));
  json::value active = nullptr;
  if (stats.is_recently_active) active = *stats.is_recently_active;
  return context.ok(json::object{{"totalUsage", stats.total_usage},
                                 {"rateLimit", stats.rate_limit},
                                 {"lastUsedAt", to_json(stats.last_used_at)},
                                 {"createdAt", to_json(stats.created_at)},
                                 {"usagePercentage", stats.usage_percentage},
                                 {"isActive", std::move(active)}});
}

Outcome<http::Response> regenerate(const Context& context, const http::Request&, const PathParams& params) {
  PB_ASSIGN(const manager::ApiKeyView key,
            found(context.services.api_keys.regenerate(*context.caller, params["id"], params["keyId"])));
  json::object data = key_json_with_clear_text(key);
  data["message"] = "The API key is renewed; the old one no longer works";
  return context.ok(std::move(data));
}

constexpr Route kApiKeyRoutes[] = {
    {http::Method::kPost, "/api/instances/{id}/keys", Access::kUser, create_api_key},
    {http::Method::kGet, "/api/instances/{id}/keys", Access::kUser, list_api_keys},
    {http::Method::kGet, "/api/instances/{id}/keys/{keyId}", Access::kUser, get_api_key},
    {http::Method::kPut, "/api/instances/{id}/keys/{keyId}", Access::kUser, update_api_key},
    {http::Method::kDelete, "/api/instances/{id}/keys/{keyId}", Access::kUser, remove_api_key},
    {http::Method::kGet, "/api/instances/{id}/keys/{keyId}/stats", Access::kUser, stats},
    {http::Method::kGet, "/api/instances/{id}/keys/{keyId}/usage", Access::kUser, stats},
    {http::Method::kPost, "/api/instances/{id}/keys/{keyId}/regenerate", Access::kUser, regenerate},
};

}  // namespace

std::span<const Route> api_key_routes() {
  return kApiKeyRoutes;
}

}  // namespace patchbay::rest
