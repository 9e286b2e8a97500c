#include "manager/permissions.h"

#include <array>

#include <boost/json.hpp>

namespace patchbay::manager {
namespace {

namespace json = boost::json;

struct Flag {
  std::string_view category;
  std::string_view name;
  bool Permissions::* member;
};

// In the order of Permission.
constexpr std::array<Flag, 6> kPermissionFlags{{
    {"messages", "send", &Permissions::messages_send},
    {"messages", "receive", &Permissions::messages_receive},
    {"contacts", "check", &Permissions::contacts_check},
    {"instance", "info", &Permissions::instance_info},
    {"instance", "stats", &Permissions::instance_stats},
    {"webhook", "configure", &Permissions::webhook_configure},
}};

std::unexpected<Error> no_boolean(std::string_view category, std::string_view name) {
  std::string path = "permissions." + std::string(category);
  if (!name.empty()) path += "." + std::string(name);
  return fail(ErrorCode::kValidation,
              path + (name.empty() ? " must be an object of booleans, or true or false."
                                   : " must be true or false."));
}

}  // namespace

std::string_view to_string(Permission permission) {
  switch (permission) {
    case Permission::kMessagesSend:
      return "messages.send";
    case Permission::kMessagesReceive:
      return "messages.receive";
    case Permission::kContactsCheck:
      return "contacts.check";
    case Permission::kInstanceInfo:
      return "instance.info";
    case Permission::kInstanceStats:
      return "instance.stats";
    case Permission::kWebhookConfigure:
      return "webhook.configure";
  }
  return "";
}

bool Permissions::allows(Permission permission) const {
  return this->*kPermissionFlags[static_cast<size_t>(permission)].member;
}

Result<Permissions> parse_permissions(std::string_view text) {
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  if (error || !value.is_object()) return fail(ErrorCode::kValidation, "permissions must be an object.");
  Permissions permissions;
  for (const Flag& flag : kPermissionFlags) {
    const json::value* const category = value.get_object().if_contains(flag.category);
    if (category == nullptr) continue;
    if (category->is_bool()) {
      permissions.*flag.member = category->get_bool();
      continue;
    }
    if (!category->is_object()) return no_boolean(flag.category, {});
    const json::value* const granted = category->get_object().if_contains(flag.name);
    if (granted == nullptr) continue;
    if (!granted->is_bool()) return no_boolean(flag.category, flag.name);
    permissions.*flag.member = granted->get_bool();
  }
  return permissions;
}

std::string to_json(const Permissions& permissions) {
  json::object object;
  for (const Flag& flag : kPermissionFlags) {
    json::value& category = object[flag.category];
    if (!category.is_object()) category.emplace_object();
    category.get_object()[flag.name] = permissions.*flag.member;
  }
  return json::serialize(object);
}

}  // namespace patchbay::manager
