#include "rest/envelope.h"

#include <algorithm>

#include <boost/json.hpp>

#include "base/bytes.h"

namespace patchbay::rest {
namespace {

namespace json = boost::json;

http::Response respond(int status, const json::object& body) {
  http::Response response;
  response.status = status;
  response.set("Content-Type", "application/json; charset=utf-8");
  response.body = json::serialize(body);
  return response;
}

json::object details(const Failure& failure, int status, std::string_view request_id) {
  json::object result;
  if (status >= 500) result["request_id"] = request_id;
  if (failure.fields.empty()) return result;
  json::array& errors = result["errors"].emplace_array();
  for (const FieldError& field : failure.fields) {
    json::object entry{{"field", field.field}, {"message", field.message}};
    boost::system::error_code error;
    if (!field.value_json.empty()) {
      json::value value = json::parse(field.value_json, error);
      if (!error) entry["value"] = std::move(value);
    }
    errors.push_back(std::move(entry));
  }
  return result;
}

}  // namespace

http::Response success(int status, json::value&& data, std::string_view request_id, WallTime now) {
  json::object body;
  body["success"] = true;
  body["timestamp"] = to_iso8601(now);
  body["request_id"] = request_id;
  body["data"] = std::move(data);
  return respond(status, body);
}

http::Response failure(const Failure& failure, std::string_view request_id, WallTime now) {
  const int status = failure.status != 0 ? failure.status : http_status(failure.error.code);
  json::object body;
  body["success"] = false;
  body["timestamp"] = to_iso8601(now);
  body["message"] = failure.error.message;
  body["error"] = {{"code", to_string(failure.error.code)},
                   {"message", failure.error.message},
                   {"details", details(failure, status, request_id)}};
  http::Response response = respond(status, body);
  if (!failure.allow.empty()) response.set("Allow", failure.allow);
  if (status == 401) response.set("WWW-Authenticate", "Bearer");
  if (status == 503) response.set("Retry-After", "1");
  return response;
}

void add_common_headers(http::Response& response, std::string_view request_id, bool secure) {
  response.set("X-Request-ID", std::string(request_id));
  response.set("X-Content-Type-Options", "nosniff");
  response.set("X-Frame-Options", "SAMEORIGIN");
  response.set("X-DNS-Prefetch-Control", "off");
  response.set("X-Download-Options", "noopen");
  response.set("X-Permitted-Cross-Domain-Policies", "none");
  response.set("X-XSS-Protection", "0");
  response.set("Referrer-Policy", "no-referrer");
  response.set("Origin-Agent-Cluster", "?1");
  response.set("Cross-Origin-Opener-Policy", "same-origin");
  response.set("Cross-Origin-Resource-Policy", "same-origin");
  if (secure) response.set("Strict-Transport-Security", "max-age=31536000; includeSubDomains");
  const bool cached = std::ranges::any_of(
      response.headers, [](const auto& header) { return equals_ignore_case(header.first, "cache-control"); });
  if (!cached) response.set("Cache-Control", "no-store");
}

}  // namespace patchbay::rest
