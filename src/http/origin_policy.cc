#include "http/origin_policy.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/error_code.h"
#include "http/header_value.h"

namespace patchbay::http {
namespace {

// The page's host and port are those the browser addressed us by. The scheme is left out: behind a proxy that
// ends TLS we see http where the page says https.
bool is_same_origin(std::string_view origin, const Request& request) {
  const auto host = request.header("host");
  const size_t separator = origin.find("://");
  if (!host || separator == std::string_view::npos) return false;
  return equals_ignore_case(origin.substr(separator + 3), *host);
}

}  // namespace

OriginPolicy::OriginPolicy(std::vector<std::string> allowed, std::string setting)
    : allowed_(std::move(allowed)), setting_(std::move(setting)) {
  any_ = std::ranges::find(allowed_, "*") != allowed_.end();
}

OriginPolicy::Verdict OriginPolicy::check(const Request& request) const {
  const auto origin = request.header("origin");
  if (!origin) return Verdict::kNone;
  if (is_same_origin(*origin, request)) return Verdict::kSame;
  if (any_ ||
      std::ranges::any_of(allowed_, [&](const std::string& a) { return equals_ignore_case(a, *origin); }))
    return Verdict::kAllowed;
  return Verdict::kRefused;
}

void OriginPolicy::add_headers(const Request& request, Response& response) const {
  const auto origin = request.header("origin");
  if (!origin) return;
  add_vary(response, "Origin");
  if (check(request) != Verdict::kAllowed) return;
  const bool listed =
      std::ranges::any_of(allowed_, [&](const std::string& a) { return equals_ignore_case(a, *origin); });
  response.set("access-control-allow-origin", listed ? std::string(*origin) : "*");
  if (listed) response.set("access-control-allow-credentials", "true");
  response.set("access-control-expose-headers",
               "X-Request-ID, ETag, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset");
}

std::optional<Response> OriginPolicy::preflight(const Request& request) const {
  if (request.method != Method::kOptions || !request.header("origin") ||
      !request.header("access-control-request-method"))
    return std::nullopt;
  if (check(request) == Verdict::kRefused) return refusal(request);
  Response response{.status = 204};
  add_headers(request, response);
  response.set("access-control-allow-methods", "GET, POST, PUT, DELETE, PATCH, OPTIONS");
  response.set("access-control-allow-headers", "Content-Type, Authorization, X-Requested-With");
  response.set("access-control-max-age", "600");
  return response;
}

Response OriginPolicy::refusal(const Request& request) const {
  // Bounded: the header came from outside.
  const std::string origin(request.header("origin").value_or("").substr(0, 256));
  return error_response(403, to_string(ErrorCode::kOriginForbidden),
                        "The origin '" + origin + "' may not use this server. Allow it with " + setting_ +
                            " " + origin + " (or PATCHBAY_CORS_ORIGIN) if you trust that site.");
}

}  // namespace patchbay::http
