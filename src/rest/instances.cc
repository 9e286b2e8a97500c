// /api/instances: create_instance, list_instances, read, change, delete and command instances.
#include "manager/instances.h"

#include <array>

#include <boost/json.hpp>

#include "manager/accounts.h"
#include "rest/context.h"
#include "rest/instance_id.h"
#include "rest/json_view.h"
#include "rest/resources.h"
#include "rest/validation.h"

namespace patchbay::rest {
namespace {

namespace json = boost::json;
using manager::Instances;

// --- Shapes ---

// What is ours beside the contract's fields: wish, reason, next step, how a phone is being linked.
void add_lifecycle(const Context& context, json::object& target, const manager::InstanceView& instance) {
  target["desiredState"] = manager::to_string(instance.desired_state);
  target["reason"] = parse_object(manager::reason_json(instance.reason));
  target["nextStep"] = parse_object(manager::next_step_json(instance.next_step));
  target["statusSince"] = to_json(instance.status_since);
  target["lastSeq"] = instance.last_seq;
  target["heldMessages"] = instance.held_messages;
  target["linking"] = nullptr;
  if (!instance.linking) return;
  json::object linking = to_json(*instance.linking, context.now);
  linking["qrText"] = to_json(instance.qr_code);
  linking["qrExpiry"] = to_json(instance.qr_code_expiry);
  target["linking"] = std::move(linking);
}

json::object instance_json(const Context& context, const manager::InstanceView& instance) {
  json::object result{{"id", instance.id},
                      {"name", instance.name},
                      {"subscriptionId", instance.subscription_id},
                      {"createdById", instance.created_by_id},
                      {"status", manager::to_string(instance.status)},
                      {"phone", to_json(instance.phone)},
                      {"displayName", to_json(instance.display_name)},
                      {"createdAt", to_json(instance.created_at)},
                      {"updatedAt", to_json(instance.updated_at)},
                      {"lastConnectedAt", to_json(instance.last_connected_at)},
                      {"lastDisconnectedAt", to_json(instance.last_disconnected_at)},
                      {"settings", parse_object(instance.settings_json)},
                      {"isActive", instance.is_active},
                      {"qrCode", nullptr},
                      {"qrCodeExpiry", to_json(instance.qr_code_expiry)},
                      {"connectionAttempts", instance.connection_attempts},
                      {"lastError", to_json(instance.last_error)},
                      {"lastErrorAt", to_json(instance.last_error_at)},
                      {"description", instance.description},
                      {"proxy", to_json(instance.proxy_url)}};
  if (instance.qr_code) result["qrCode"] = context.qr_code(*instance.qr_code);
  add_lifecycle(context, result, instance);
  return result;
}

json::object action_json(std::string_view message, std::string_view id) {
  return {{"message", message}, {"instanceId", id}};
}

// --- Input ---

constexpr TextRule kInstanceNameRule{
    .presence = Presence::kRequired, .min_characters = 3, .max_characters = 50};
constexpr TextRule kDisplayNameRule{.max_characters = 100};
constexpr TextRule kDescriptionRule{.max_characters = 500, .multiline = true};
constexpr IntegerRule kTimeoutRule{.min = 10'000, .max = 120'000};
constexpr IntegerRule kKeepAliveRule{.min = 10'000, .max = 60'000};

std::optional<std::string> read_instance_name(FieldReader& fields, Presence presence) {
  TextRule rule = kInstanceNameRule;
  rule.presence = presence;
  std::optional<std::string> name = fields.text("name", rule);
  constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  if (name && name->find_first_not_of(kAllowed) != std::string::npos) {
    fields.refuse("name", "may hold letters, digits, - and _ only");
  }
  return name;
}

// The panel sends null for what its form left open.
std::optional<std::string> read_optional_text(FieldReader& fields, std::string_view name,
                                              const TextRule& rule) {
  return fields.is_null(name) ? std::nullopt : fields.text(name, rule);
}

// Only the fields that were sent.
std::optional<json::object> read_settings(FieldReader& fields) {
  std::optional<FieldReader> settings = fields.object("settings");
  if (!settings) return std::nullopt;
  json::object result;
  for (const std::string_view name : {"autoReconnect", "markOnlineOnConnect", "syncFullHistory"}) {
    if (const auto value = settings->boolean(name)) result[name] = *value;
  }
  for (const std::string_view name : {"defaultQueryTimeoutMs", "connectTimeoutMs"}) {
    if (const auto value = settings->integer(name, kTimeoutRule)) result[name] = *value;
  }
  if (const auto value = settings->integer("keepAliveIntervalMs", kKeepAliveRule)) {
    result["keepAliveIntervalMs"] = *value;
  }
  return result;
}

// Null is none. Its value is never echoed: it may hold a password.
std::optional<std::string> read_proxy(FieldReader& fields, const json::object& body) {
  const json::value* const sent = body.if_contains("proxy");
  if (sent == nullptr) return std::nullopt;
  if (sent->is_null()) return std::string();
  const json::string* const text = sent->if_string();
  if (text == nullptr || text->empty()) {
    fields.refuse("proxy", "must be http://[user:password@]host:port, socks5://…, or null", true);
    return std::nullopt;
  }
  if (const auto usable = manager::check_proxy_url(*text); !usable)
    fields.refuse("proxy", usable.error().message, true);
  return std::string(*text);
}

manager::InstanceSettings with_defaults(const json::object& sent) {
  manager::InstanceSettings settings;
  const auto flag = [&sent](std::string_view name, bool& target) {
    if (const json::value* value = sent.if_contains(name)) target = value->get_bool();
  };
  const auto number = [&sent](std::string_view name, int& target) {
    if (const json::value* value = sent.if_contains(name)) target = value->to_number<int>();
  };
  flag("autoReconnect", settings.auto_reconnect);
  flag("markOnlineOnConnect", settings.mark_online_on_connect);
  flag("syncFullHistory", settings.sync_full_history);
  number("defaultQueryTimeoutMs", settings.default_query_timeout_ms);
  number("connectTimeoutMs", settings.connect_timeout_ms);
  number("keepAliveIntervalMs", settings.keep_alive_interval_ms);
  return settings;
}

Outcome<manager::InstanceQuery> read_query(const http::Request& request) {
  using SortBy = manager::InstanceQuery::SortBy;
  constexpr std::array<std::string_view, 5> kSortBy{"createdAt", "updatedAt", "name", "status",
                                                    "lastConnectedAt"};
  constexpr std::array kSortByValue{SortBy::kCreatedAt, SortBy::kUpdatedAt, SortBy::kName, SortBy::kStatus,
                                    SortBy::kLastConnectedAt};
  constexpr std::array<std::string_view, 2> kSort{"asc", "desc"};
  constexpr std::array<std::string_view, 6> kStatus{"INIT",         "QR_REQUIRED",  "CONNECTED",
                                                    "DISCONNECTED", "RECONNECTING", "ERROR"};

  const json::object input =
      query_object(request, {"page", "per_page", "sort", "sort_by", "status", "search"});
  FieldReader fields(input);
  manager::InstanceQuery query;
  query.page = fields.integer("page", {.min = 1, .max = 1'000'000}).value_or(1);
  query.per_page = fields.integer("per_page", {.min = 1, .max = 100}).value_or(20);
  query.ascending = fields.choice("sort", kSort) == "asc";
  if (const auto column = fields.choice("sort_by", kSortBy)) {
    query.sort_by = kSortByValue[static_cast<size_t>(std::ranges::find(kSortBy, *column) - kSortBy.begin())];
  }
  if (const auto status = fields.choice("status", kStatus))
    query.status = manager::parse_instance_status(*status);
  query.search = fields.text("search", {.min_characters = 1, .max_characters = 100}).value_or("");
  PB_TRY(fields.finish());
  return query;
}

// --- Handlers ---

Outcome<http::Response> create_instance(const Context& context, const http::Request& request,
                                        const PathParams&) {
  PB_ASSIGN(const json::object body, context.body(request));
  FieldReader fields(body);
  manager::NewInstance wanted;
  wanted.name = read_instance_name(fields, Presence::kRequired).value_or("");
  wanted.display_name = read_optional_text(fields, "displayName", kDisplayNameRule).value_or("");
  wanted.description = read_optional_text(fields, "description", kDescriptionRule).value_or("");
  const std::optional<json::object> settings = read_settings(fields);
  wanted.proxy_url = read_proxy(fields, body).value_or("");
  PB_TRY(fields.finish());
  if (settings) wanted.settings = with_defaults(*settings);

  PB_ASSIGN(const manager::InstanceDetails details,
            context.services.instances.create(*context.caller, wanted));
  PB_ASSIGN(const manager::Account account, context.services.accounts.me(*context.caller));
  const manager::InstanceView& instance = details.instance;
  return context.created(json::object{{"instance",
                                       {{"id", instance.id},
                                        {"name", instance.name},
                                        {"status", manager::to_string(instance.status)},
                                        {"createdAt", to_json(instance.created_at)},
                                        {"subscription", to_json(account.subscription)},
                                        {"createdBy", to_json(details.created_by)}}}});
}

Outcome<http::Response> list_instances(const Context& context, const http::Request& request,
                                       const PathParams&) {
  PB_ASSIGN(const manager::InstanceQuery query, read_query(request));
  PB_ASSIGN(const manager::InstancePage page, context.services.instances.list(*context.caller, query));
  json::array instances;
  for (const manager::InstanceDetails& details : page.instances) {
    json::object entry = instance_json(context, details.instance);
    entry["createdBy"] = to_json(details.created_by);
    entry["_count"] = to_json(details.counts);
    entry["realTimeStatus"] = to_json(details.real_time);
    instances.push_back(std::move(entry));
  }
  return context.ok(json::object{{"instances", std::move(instances)},
                                 {"pagination", page_json(query.page, query.per_page, page.total)}});
}

Outcome<http::Response> get_instance(const Context& context, const http::Request&, const PathParams& params) {
  PB_ASSIGN(const std::string id, instance_id(params));
  PB_ASSIGN(const manager::InstanceDetails details, context.services.instances.get(*context.caller, id));
  json::array keys;
  for (const manager::InstanceKeyBrief& key : details.api_keys) {
    keys.push_back(json::object{{"id", key.id},
                                {"name", key.name},
                                {"isActive", key.is_active},
                                {"createdAt", to_json(key.created_at)},
                                {"lastUsedAt", to_json(key.last_used_at)}});
  }
  json::object instance = instance_json(context, details.instance);
  instance["subscription"] = to_json(details.subscription);
  instance["createdBy"] = to_json(details.created_by);
  instance["apiKeys"] = std::move(keys);
  instance["_count"] = to_json(details.counts);
  instance["realTimeStatus"] = to_json(details.real_time);
  return context.ok(json::object{{"instance", std::move(instance)}});
}

Outcome<http::Response> update_instance(const Context& context, const http::Request& request,
                                        const PathParams& params) {
  PB_ASSIGN(const std::string id, instance_id(params));
  PB_ASSIGN(const json::object body, context.body(request));
  FieldReader fields(body);
  manager::InstanceUpdate change;
  change.name = read_instance_name(fields, Presence::kOptional);
  change.display_name = read_optional_text(fields, "displayName", kDisplayNameRule);
  change.description = read_optional_text(fields, "description", kDescriptionRule);
  if (const auto settings = read_settings(fields)) change.settings_json = json::serialize(*settings);
  change.proxy_url = read_proxy(fields, body);
  change.is_active = fields.boolean("isActive");
  PB_TRY(fields.finish());
  if (!change.name && !change.display_name && !change.description && !change.settings_json &&
      !change.proxy_url && !change.is_active) {
    return refuse(
        ErrorCode::kValidation,
        "Nothing to change: send at least one of name, displayName, description, settings, proxy, isActive");
  }
  PB_ASSIGN(const manager::InstanceDetails details,
            context.services.instances.update(*context.caller, id, change));
  json::object instance = instance_json(context, details.instance);
  instance["subscription"] = to_json(details.subscription);
  instance["createdBy"] = to_json(details.created_by);
  return context.ok(json::object{{"instance", std::move(instance)}});
}

Outcome<http::Response> remove_instance(const Context& context, const http::Request&,
                                        const PathParams& params) {
  PB_ASSIGN(const std::string id, instance_id(params));
  PB_ASSIGN(const std::string name, context.services.instances.remove(*context.caller, id));
  json::object data = action_json("The instance is deleted", id);
  data["instanceName"] = name;
  return context.ok(std::move(data));
}

Outcome<http::Response> status(const Context& context, const http::Request&, const PathParams& params) {
  PB_ASSIGN(const std::string id, instance_id(params));
  PB_ASSIGN(const manager::InstanceDetails details, context.services.instances.get(*context.caller, id));
  const manager::InstanceView& instance = details.instance;
  json::object report{{"instanceId", instance.id},
                      {"instanceName", instance.name},
                      {"databaseStatus", manager::to_string(instance.status)},
                      {"realTimeStatus", to_json(details.real_time)},
                      {"phone", to_json(instance.phone)},
                      {"displayName", to_json(instance.display_name)},
                      {"lastConnectedAt", to_json(instance.last_connected_at)},
                      {"lastDisconnectedAt", to_json(instance.last_disconnected_at)},
                      {"connectionAttempts", instance.connection_attempts},
                      {"lastError", to_json(instance.last_error)},
                      {"lastErrorAt", to_json(instance.last_error_at)}};
  add_lifecycle(context, report, instance);
  return context.ok(json::object{{"status", std::move(report)}});
}

Outcome<http::Response> qr(const Context& context, const http::Request&, const PathParams& params) {
  PB_ASSIGN(const std::string id, instance_id(params));
  PB_ASSIGN(const std::optional<manager::QrView> code, context.services.instances.qr(*context.caller, id));
  if (!code) {
    return context.ok(
        json::object{{"message", "There is no QR code to scan now; connect the instance to get one"},
                     {"qrCode", nullptr},
                     {"qrText", nullptr},
                     {"expiry", nullptr},
                     {"attempt", nullptr},
                     {"maxAttempts", nullptr},
                     {"simulation", context.options.simulation}});
  }
  return context.ok(
      json::object{{"message", context.options.simulation
                                   ? "A sandbox's QR code: its phones can scan it, a real one cannot"
                                   : "Scan this QR code with WhatsApp: Settings, Linked devices"},
                   {"qrCode", context.qr_code(code->text)},
                   {"qrText", code->text},
                   {"expiry", to_json(code->expiry)},
                   {"attempt", code->attempt},
                   {"maxAttempts", code->max_attempts},
                   {"simulation", context.options.simulation}});
}

using Command = Status (Instances::*)(const manager::Caller&, std::string_view);

template <Command kCommand>
Outcome<http::Response> command(const Context& context, const PathParams& params, std::string_view message) {
  PB_ASSIGN(const std::string id, instance_id(params));
  PB_TRY((context.services.instances.*kCommand)(*context.caller, id));
  return context.ok(action_json(message, id));
}

Outcome<http::Response> connect(const Context& context, const http::Request&, const PathParams& params) {
  return command<&Instances::connect>(context, params, "Connecting; watch the status and the QR code");
}

Outcome<http::Response> disconnect(const Context& context, const http::Request&, const PathParams& params) {
  return command<&Instances::disconnect>(context, params, "Disconnecting; the link to the phone is kept");
}

Outcome<http::Response> restart(const Context& context, const http::Request&, const PathParams& params) {
  return command<&Instances::restart>(context, params, "Restarting the connection");
}

Outcome<http::Response> log_out_instance(const Context& context, const http::Request&,
                                         const PathParams& params) {
  PB_ASSIGN(const std::string id, instance_id(params));
  PB_TRY(context.services.instances.log_out(*context.caller, id));
  return context.ok(
      json::object{{"instanceId", id},
                   {"status", "DISCONNECTED"},
                   {"message", "The device is unlinked; the next connect needs a new QR code"}});
}

Outcome<http::Response> instance_usage(const Context& context, const http::Request&, const PathParams&) {
  PB_ASSIGN(const manager::SubscriptionUsage usage,
            context.services.accounts.subscription_usage(*context.caller));
  json::array instances;
  for (const manager::UserInstance& instance : usage.instances) {
    instances.push_back(json::object{{"id", instance.id},
                                     {"name", instance.name},
                                     {"status", instance.status},
                                     {"createdAt", to_json(instance.created_at)},
                                     {"createdBy", creator_json(usage, instance.created_by_id)}});
  }
  const manager::SubscriptionView& subscription = usage.subscription;
  return context.ok(json::object{{"usage",
                                  {{"subscription",
                                    {{"id", subscription.id},
                                     {"name", subscription.name},
                                     {"tier", subscription.tier},
                                     {"isActive", subscription.is_active}}},
                                   {"limits", limits_json(usage)},
                                   {"usage", numbers_json(usage)},
                                   {"instances", std::move(instances)}}}});
}

constexpr Route kInstanceRoutes[] = {
    {http::Method::kPost, "/api/instances", Access::kUser, create_instance},
    {http::Method::kGet, "/api/instances", Access::kUser, list_instances},
    {http::Method::kGet, "/api/instances/subscription/usage", Access::kUser, instance_usage},
    {http::Method::kGet, "/api/instances/{id}", Access::kUser, get_instance},
    {http::Method::kPut, "/api/instances/{id}", Access::kUser, update_instance},
    {http::Method::kDelete, "/api/instances/{id}", Access::kUser, remove_instance},
    {http::Method::kGet, "/api/instances/{id}/status", Access::kUser, status},
    {http::Method::kGet, "/api/instances/{id}/qr", Access::kUser, qr},
    {http::Method::kPost, "/api/instances/{id}/connect", Access::kUser, connect},
    {http::Method::kPost, "/api/instances/{id}/disconnect", Access::kUser, disconnect},
    {http::Method::kPost, "/api/instances/{id}/restart", Access::kUser, restart},
    {http::Method::kPost, "/api/instances/{id}/logout", Access::kUser, log_out_instance},
};

}  // namespace

std::span<const Route> instance_routes() {
  return kInstanceRoutes;
}

}  // namespace patchbay::rest
