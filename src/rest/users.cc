// /api/users: administrators look after the users of their own subscription.
#include <algorithm>
#include <array>

#include <boost/json.hpp>

#include "manager/accounts.h"
#include "rest/context.h"
#include "rest/json_view.h"
#include "rest/resources.h"
#include "rest/validation.h"

namespace patchbay::rest {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 2> kRoles{"ADMINISTRATOR", "USER"};

std::optional<std::string> read_user_name(FieldReader& fields, Presence presence) {
  return fields.text("name", {.presence = presence, .min_characters = 2, .max_characters = 100});
}

std::optional<manager::Role> read_role(FieldReader& fields) {
  const auto role = fields.choice("role", kRoles);
  return role ? manager::parse_role(*role) : std::nullopt;
}

json::object short_json(const manager::SubscriptionView& subscription) {
  return {{"id", subscription.id}, {"name", subscription.name}, {"tier", subscription.tier}};
}

json::object user_json(const manager::UserView& user) {
  return {{"id", user.id},
          {"email", user.email},
          {"name", user.name},
          {"role", manager::to_string(user.role)},
          {"isActive", user.is_active},
          {"createdAt", to_json(user.created_at)},
          {"lastLoginAt", to_json(user.last_login_at)}};
}

json::object count_json(int64_t instances) {
  return {{"instances", instances}};
}

Outcome<http::Response> create_user(const Context& context, const http::Request& request, const PathParams&) {
  PB_ASSIGN(const json::object body, context.body(request));
  FieldReader fields(body);
  manager::NewUser wanted;
  wanted.email = fields.email("email", Presence::kRequired).value_or("");
  wanted.password = fields
                        .text("password", {.presence = Presence::kRequired,
                                           .min_characters = 8,
                                           .max_characters = 128,
                                           .secret = true,
                                           .multiline = true})
                        .value_or("");
  wanted.name = read_user_name(fields, Presence::kRequired).value_or("");
  wanted.role = read_role(fields).value_or(manager::Role::kUser);
  PB_TRY(fields.finish());
  PB_ASSIGN(const manager::UserView user, context.services.accounts.create_user(*context.caller, wanted));
  PB_ASSIGN(const manager::Account account, context.services.accounts.me(*context.caller));
  return context.created(json::object{{"user", to_json(user, account.subscription)}});
}

Outcome<http::Response> list_users(const Context& context, const http::Request& request, const PathParams&) {
  using SortBy = manager::UserQuery::SortBy;
  constexpr std::array<std::string_view, 6> kSortBy{"createdAt", "updatedAt", "name",
                                                    "email",     "role",      "lastLoginAt"};
  constexpr std::array kSortByValue{SortBy::kCreatedAt, SortBy::kUpdatedAt, SortBy::kName,
                                    SortBy::kEmail,     SortBy::kRole,      SortBy::kLastLoginAt};
  constexpr std::array<std::string_view, 2> kSort{"asc", "desc"};

  const json::object input = query_object(request, {"page", "per_page", "sort", "sort_by"});
  FieldReader fields(input);
  manager::UserQuery query;
  query.page = fields.integer("page", {.min = 1, .max = 1'000'000}).value_or(1);
  query.per_page = fields.integer("per_page", {.min = 1, .max = 100}).value_or(20);
  query.ascending = fields.choice("sort", kSort) == "asc";
  if (const auto column = fields.choice("sort_by", kSortBy)) {
    query.sort_by = kSortByValue[static_cast<size_t>(std::ranges::find(kSortBy, *column) - kSortBy.begin())];
  }
  PB_TRY(fields.finish());

  PB_ASSIGN(const manager::UserPage page, context.services.accounts.list_users(*context.caller, query));
  json::array users;
  for (const manager::UserListItem& item : page.users) {
    json::object entry = user_json(item.user);
    entry["_count"] = count_json(item.instance_count);
    users.push_back(std::move(entry));
  }
  return context.ok(json::object{{"users", std::move(users)},
                                 {"pagination", page_json(query.page, query.per_page, page.total)}});
}

Outcome<http::Response> user_usage(const Context& context, const http::Request&, const PathParams&) {
  PB_ASSIGN(const manager::SubscriptionUsage usage,
            context.services.accounts.subscription_usage(*context.caller));
  json::array users;
  for (const manager::UserListItem& item : usage.users) {
    users.push_back(json::object{{"id", item.user.id},
                                 {"email", item.user.email},
                                 {"name", item.user.name},
                                 {"role", manager::to_string(item.user.role)},
                                 {"isActive", item.user.is_active},
                                 {"_count", count_json(item.instance_count)}});
  }
  json::array instances;
  for (const manager::UserInstance& instance : usage.instances) {
    instances.push_back(json::object{{"id", instance.id},
                                     {"name", instance.name},
                                     {"status", instance.status},
                                     {"createdBy", creator_json(usage, instance.created_by_id)}});
  }
  json::object subscription = short_json(usage.subscription);
  subscription["isActive"] = usage.subscription.is_active;
  subscription["limits"] = limits_json(usage);
  subscription["usage"] = numbers_json(usage);
  subscription["users"] = std::move(users);
  subscription["instances"] = std::move(instances);
  return context.ok(json::object{{"subscription", std::move(subscription)}});
}

Outcome<http::Response> get_user(const Context& context, const http::Request&, const PathParams& params) {
  PB_ASSIGN(const manager::UserDetails details,
            context.services.accounts.get_user(*context.caller, params["id"]));
  json::array instances;
  for (const manager::UserInstance& instance : details.instances) {
    instances.push_back(json::object{{"id", instance.id},
                                     {"name", instance.name},
                                     {"status", instance.status},
                                     {"createdAt", to_json(instance.created_at)}});
  }
  json::object user = user_json(details.user);
  user["subscription"] = short_json(details.subscription);
  user["instances"] = std::move(instances);
  user["_count"] = count_json(details.instance_count);
  return context.ok(json::object{{"user", std::move(user)}});
}

Outcome<http::Response> update_user(const Context& context, const http::Request& request,
                                    const PathParams& params) {
  PB_ASSIGN(const json::object body, context.body(request));
  FieldReader fields(body);
  manager::UserUpdate change;
  change.email = fields.email("email", Presence::kOptional);
  change.name = read_user_name(fields, Presence::kOptional);
  change.role = read_role(fields);
  change.is_active = fields.boolean("isActive");
  PB_TRY(fields.finish());
  if (!change.email && !change.name && !change.role && !change.is_active) {
    return refuse(ErrorCode::kValidation,
                  "Nothing to change: send at least one of email, name, role, isActive");
  }
  PB_ASSIGN(const manager::Account account,
            context.services.accounts.update_user(*context.caller, params["id"], change));
  json::object user = user_json(account.user);
  user["subscription"] = short_json(account.subscription);
  return context.ok(json::object{{"user", std::move(user)}});
}

Outcome<http::Response> remove_user(const Context& context, const http::Request&, const PathParams& params) {
  PB_TRY(context.services.accounts.delete_user(*context.caller, params["id"]));
  return context.message("The user is deleted");
}

constexpr Route kUserRoutes[] = {
    {http::Method::kPost, "/api/users", Access::kAdministrator, create_user},
    {http::Method::kGet, "/api/users", Access::kAdministrator, list_users},
    {http::Method::kGet, "/api/users/subscription/usage", Access::kAdministrator, user_usage},
    {http::Method::kGet, "/api/users/{id}", Access::kAdministrator, get_user},
    {http::Method::kPut, "/api/users/{id}", Access::kAdministrator, update_user},
    {http::Method::kDelete, "/api/users/{id}", Access::kAdministrator, remove_user},
};

}  // namespace

std::span<const Route> user_routes() {
  return kUserRoutes;
}

}  // namespace patchbay::rest
