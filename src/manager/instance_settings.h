// The settings object of an instance (panel contract §6.4): its limits, its JSON, and what it means to the
// machine and to sessions. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "manager/instance_machine.h"
#include "manager/instances.h"
#include "whatsapp/engine.h"

namespace patchbay::manager {

// kValidation names the field and its range.
Status check_settings(const InstanceSettings& settings);
// The same for a JSON object with any subset of the fields, at most 4,096 bytes. Returns the object as it is
// to be stored: unknown fields are dropped.
Result<std::string> clean_settings_json(std::string_view text);
// Missing, unreadable or out-of-range fields get their defaults: what is stored was checked before.
InstanceSettings settings_from_json(std::string_view text);
std::string settings_to_json(const InstanceSettings& settings);

whatsapp::SessionSettings session_settings(const InstanceSettings& settings);
// Sets connect_timeout, liveness_timeout (three keep-alive intervals) and auto_reconnect.
void apply_settings(const InstanceSettings& settings, MachineOptions& machine);

}  // namespace patchbay::manager
