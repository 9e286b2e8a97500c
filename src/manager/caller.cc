#include "manager/caller.h"

namespace patchbay::manager {

std::string_view to_string(Role role) {
  return role == Role::kAdministrator ? "ADMINISTRATOR" : "USER";
}

std::optional<Role> parse_role(std::string_view text) {
  if (text == "USER") return Role::kUser;
  if (text == "ADMINISTRATOR") return Role::kAdministrator;
  return std::nullopt;
}

std::string_view to_string(Caller::Kind kind) {
  switch (kind) {
    case Caller::Kind::kUser:
      return "user";
    case Caller::Kind::kApiKey:
      return "api_key";
    case Caller::Kind::kDevelopment:
      return "development";
  }
  return "";
}

Caller Caller::development() {
  Caller caller;
  caller.kind = Kind::kDevelopment;
  caller.permissions = Permissions::all();
  return caller;
}

bool Caller::may_see(std::string_view instance, std::string_view subscription_of_instance) const {
  switch (kind) {
    case Kind::kUser:
      return !subscription_id.empty() && subscription_id == subscription_of_instance;
    case Kind::kApiKey:
      return !instance_id.empty() && instance_id == instance;
    case Kind::kDevelopment:
      return true;
  }
  return false;
}

Status require_user(const Caller& caller) {
  if (caller.kind == Caller::Kind::kUser) return {};
  return fail(
      ErrorCode::kAuthentication,
      "This needs the token of a user, which POST /api/auth/login gives; API keys serve the integration "
      "endpoints only.");
}

Status require_administrator(const Caller& caller) {
  PB_TRY(require_user(caller));
  if (caller.role == Role::kAdministrator) return {};
  return fail(ErrorCode::kPermissionDenied, "This is for administrators.");
}

Status require_permission(const Caller& caller, Permission permission) {
  if (caller.kind != Caller::Kind::kApiKey)
    return fail(ErrorCode::kAuthentication, "This needs an API key of the instance, not a user's token.");
  if (caller.permissions.allows(permission)) return {};
  return fail(ErrorCode::kPermissionDenied,
              "The API key lacks the permission " + std::string(to_string(permission)) + ".");
}

}  // namespace patchbay::manager
