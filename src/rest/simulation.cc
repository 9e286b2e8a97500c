// POST /api/simulation/instances/{id}: plays the phone and the network of the scripted engine.
#include <array>

#include <boost/json.hpp>

#include "manager/instances.h"
#include "rest/context.h"
#include "rest/instance_id.h"
#include "rest/resources.h"
#include "rest/validation.h"

namespace patchbay::rest {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 12> kActions{"scan",   "passkey", "drop",        "expire",
                                                    "refuse", "fail",    "logout",      "replaced",
                                                    "ban",    "stall",   "unreachable", "outdated"};

Outcome<http::Response> simulate(const Context& context, const http::Request& request,
                                 const PathParams& params) {
  PB_ASSIGN(const std::string id, instance_id(params));
  PB_ASSIGN(const json::object body, context.body(request));
  FieldReader fields(body);
  const auto action = fields.choice("action", kActions, Presence::kRequired);
  const auto phone = fields.text("phone", {.min_characters = 2, .max_characters = 15});
  if (phone && phone->find_first_not_of("0123456789") != std::string::npos) {
    fields.refuse("phone", "must consist of digits only");
  }
  const auto display_name = fields.text("displayName", {.min_characters = 1, .max_characters = 100});
  const int64_t count = fields.integer("count", {.min = 1, .max = 1000}).value_or(1);
  PB_TRY(fields.finish());

  PB_TRY(context.services.instances.simulate(*context.caller, id,
                                             {.action = std::string(*action),
                                              .phone = phone.value_or(""),
                                              .display_name = display_name.value_or(""),
                                              .count = static_cast<int>(count)}));
  return context.ok(json::object{
      {"message", "Simulated: " + std::string(*action)}, {"instanceId", id}, {"action", *action}});
}

constexpr Route kSimulationRoutes[] = {
    {http::Method::kPost, "/api/simulation/instances/{id}", Access::kUser, simulate},
};

}  // namespace

std::span<const Route> simulation_routes() {
  return kSimulationRoutes;
}

}  // namespace patchbay::rest
