// /api/whatsapp/profile: how the whole server introduces itself to WhatsApp. Administrators only.
#include <boost/json.hpp>

#include "manager/client_profiles.h"
#include "rest/context.h"
#include "rest/json_view.h"
#include "rest/resources.h"

namespace patchbay::rest {
namespace {

namespace json = boost::json;

Outcome<http::Response> get_profile(const Context& context, const http::Request&, const PathParams&) {
  return context.ok(json::object{{"profile", parse_object(context.services.client_profiles.get())}});
}

Outcome<http::Response> put_profile(const Context& context, const http::Request& request, const PathParams&) {
  PB_ASSIGN(const json::object body, context.body(request));
  PB_ASSIGN(const std::string profile,
            context.services.client_profiles.change(*context.caller, json::serialize(body)));
  return context.ok(json::object{{"profile", parse_object(profile)}});
}

constexpr Route kWhatsAppRoutes[] = {
    {http::Method::kGet, "/api/whatsapp/profile", Access::kAdministrator, get_profile},
    {http::Method::kPut, "/api/whatsapp/profile", Access::kAdministrator, put_profile},
};

}  // namespace

std::span<const Route> whatsapp_routes() {
  return kWhatsAppRoutes;
}

}  // namespace patchbay::rest
