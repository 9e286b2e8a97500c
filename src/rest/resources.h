// The routes of every resource; each has its own file. Immutable tables with static storage.
#pragma once

#include <span>

#include "rest/router.h"

namespace patchbay::rest {

std::span<const Route> system_routes();
std::span<const Route> auth_routes();
std::span<const Route> user_routes();
std::span<const Route> instance_routes();
std::span<const Route> linking_routes();
std::span<const Route> event_routes();
std::span<const Route> api_key_routes();
std::span<const Route> whatsapp_routes();

}  // namespace patchbay::rest
