// What an API key may do: six flags in four categories. Values only; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace patchbay::manager {

enum class Permission {
  kMessagesSend,
  kMessagesReceive,
  kContactsCheck,
  kInstanceInfo,
  kInstanceStats,
  kWebhookConfigure,
};
std::string_view to_string(Permission permission);  // "messages.send"

struct Permissions {
  bool messages_send = false;
  bool messages_receive = false;
  bool contacts_check = false;
  bool instance_info = false;
  bool instance_stats = false;
  bool webhook_configure = false;

  static Permissions all() { return {true, true, true, true, true, true}; }
  bool allows(Permission permission) const;
  friend bool operator==(const Permissions&, const Permissions&) = default;
};

// From a JSON object (text). A category is an object of booleans, or one boolean for all of its flags; what
// is missing is false, unknown names are ignored. kValidation names the path of what is no boolean.
Result<Permissions> parse_permissions(std::string_view json);
// Always whole: {"messages":{"send":…,"receive":…},"contacts":{"check":…},"instance":{"info":…,"stats":…},
// "webhook":{"configure":…}}. Clients open every category without looking.
std::string to_json(const Permissions& permissions);

}  // namespace patchbay::manager
