// What the server says about itself: health, version, the listing of the root, the OpenAPI document.
#include <boost/json.hpp>

#include "base/log.h"
#include "rest/context.h"
#include "rest/json_view.h"
#include "rest/resources.h"

namespace patchbay::rest {
namespace {

namespace json = boost::json;

Outcome<http::Response> health(const Context& context, const http::Request&, const PathParams&) {
  if (context.options.check_database) {
    if (Status database = context.options.check_database(); !database) {
      return std::unexpected(Failure(Error{ErrorCode::kServiceUnavailable,
                                           "The database does not answer: " + database.error().message,
                                           std::move(database.error().detail)}));
    }
  }
  const auto uptime = std::chrono::floor<std::chrono::seconds>(context.now - context.started_at);
  return context.ok(
      json::object{{"status", "OK"},
                   {"timestamp", to_json(context.now)},
                   {"version", context.options.version},
                   {"uptime", uptime.count()},
                   {"database", {{"status", "healthy"}, {"timestamp", to_json(context.now)}}},
                   {"environment", context.options.development ? "development" : "production"}});
}

Outcome<http::Response> version(const Context& context, const http::Request&, const PathParams&) {
  return context.ok(
      json::object{{"version", context.options.version},
                   {"apiVersion", "v1"},
                   {"name", "Patchbay"},
                   {"description", "Self-hosted WhatsApp API manager"},
                   {"documentation", "/api/openapi.json"},
                   {"simulation", context.options.simulation},
                   {"sandbox", context.options.sandbox},
                   {"development", context.options.development},
                   {"qrFormat", context.options.qr_format == QrFormat::kRaw ? "raw" : "data-url"}});
}

Outcome<http::Response> root(const Context& context, const http::Request&, const PathParams&) {
  return context.ok(
      json::object{{"message", "Patchbay, a self-hosted WhatsApp API manager"},
                   {"version", context.options.version},
                   {"endpoints",
                    {{"auth", "/api/auth"},
                     {"users", "/api/users"},
                     {"instances", "/api/instances"},
                     {"keys", "/api/instances/{id}/keys"},
                     {"events", "/api/instances/{id}/events"},
                     {"health", "/health"},
                     {"version", "/api/version"},
                     {"metrics", "/metrics"},
                     {"realtime", "/socket.io/"}}},
                   {"documentation",
                    {{"openapi", "/api/openapi.json"},
                     {"authentication", "Authorization: Bearer <token of POST /api/auth/login>"}}}});
}

Outcome<http::Response> openapi(const Context&, const http::Request&, const PathParams&) {
  http::Response response;
  response.set("Content-Type", "application/json; charset=utf-8");
  response.set("Cache-Control", "no-cache");
  response.static_body = openapi_document();
  return response;
}

constexpr Route kSystemRoutes[] = {
    {http::Method::kGet, "/health", Access::kPublic, health},
    {http::Method::kGet, "/api", Access::kPublic, root},
    {http::Method::kGet, "/api/version", Access::kPublic, version},
    {http::Method::kGet, "/api/openapi.json", Access::kPublic, openapi},
};

}  // namespace

std::span<const Route> system_routes() {
  return kSystemRoutes;
}

}  // namespace patchbay::rest
