// Who is calling, once authenticated: a user with a token, an API key (bound to one instance), or, in
// development mode only, nobody in particular on a socket. Values; immutable once made; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "manager/permissions.h"

namespace patchbay::manager {

enum class Role { kUser, kAdministrator };
std::string_view to_string(Role role);  // "USER", "ADMINISTRATOR"
std::optional<Role> parse_role(std::string_view text);

struct Caller {
  enum class Kind { kUser, kApiKey, kDevelopment };
  Kind kind = Kind::kUser;
  // The user, or the creator of the key's instance; empty for kDevelopment.
  std::string user_id;
  std::string user_name;
  std::string email;
  Role role = Role::kUser;
  // Empty for kDevelopment, which sees every subscription.
  std::string subscription_id;
  // For kApiKey only.
  std::string api_key_id;
  std::string instance_id;
  Permissions permissions;  // everything for users and development
  // When the token or the key runs out.
  std::optional<WallTime> expires_at;
  // The address the call came from, for the audit log; set by the edge, may stay empty.
  std::string ip_address;

  static Caller development();

  // Whether it may see the instance: one of its subscription, or the one its key is bound to.
  bool may_see(std::string_view instance, std::string_view subscription_of_instance) const;
};
std::string_view to_string(Caller::Kind kind);  // "user", "api_key", "development"

// Management belongs to users: 401 AUTHENTICATION_ERROR for keys and for nobody.
Status require_user(const Caller& caller);
// 403 PERMISSION_DENIED for everyone else.
Status require_administrator(const Caller& caller);
// The integration API belongs to keys: AUTHENTICATION_ERROR without a key, PERMISSION_DENIED without the
// flag.
Status require_permission(const Caller& caller, Permission permission);

}  // namespace patchbay::manager
