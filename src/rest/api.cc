#include "rest/api.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include <boost/json/value.hpp>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/log.h"
#include "manager/authenticator.h"
#include "rest/context.h"
#include "rest/envelope.h"
#include "rest/resources.h"
#include "rest/router.h"

namespace patchbay::rest {
namespace {

// What follows "Bearer " in the Authorization header; empty when there is none.
std::string_view bearer_credential(const http::Request& request) {
  constexpr std::string_view kScheme = "bearer ";
  const std::string_view header = request.header("authorization").value_or("");
  if (header.size() < kScheme.size() || !equals_ignore_case(header.substr(0, kScheme.size()), kScheme))
    return {};
  std::string_view credential = header.substr(kScheme.size());
  while (credential.starts_with(' ')) credential.remove_prefix(1);
  while (credential.ends_with(' ')) credential.remove_suffix(1);
  return credential;
}

bool looks_like_jwt(std::string_view credential) {
  return std::ranges::count(credential, '.') == 2;
}

}  // namespace

class Api::Impl {
 public:
  Impl(ApiServices services, ApiOptions options)
      : services_(services), options_(std::move(options)), started_at_(services.clock.wall_now()) {
    for (const auto routes : {system_routes(), auth_routes(), user_routes(), instance_routes(),
                              linking_routes(), event_routes(), api_key_routes(), whatsapp_routes()}) {
      router_.add(routes);
    }
  }

  http::Response handle(const http::Request& request) {
    const SteadyTime begin = services_.clock.steady_now();
    std::string caller_kind = "none";
    Context context{.services = services_,
                    .options = options_,
                    .request_id = "req_" + random_hex(8),
                    .now = services_.clock.wall_now(),
                    .started_at = started_at_};
    Outcome<http::Response> outcome = answer(context, request, caller_kind);
    http::Response response =
        outcome ? std::move(*outcome) : failure(outcome.error(), context.request_id, context.now);
    add_common_headers(response, context.request_id, request.secure);
    write_access_log(request, response.status, services_.clock.steady_now() - begin, context.request_id,
                     caller_kind, outcome ? nullptr : &outcome.error().error);
    return response;
  }

  std::vector<std::string> route_names() const {
    std::vector<std::string> names;
    for (const Route& route : router_.routes()) {
      names.push_back(std::string(http::to_string(route.method)) + " " + std::string(route.pattern));
    }
    return names;
  }

 private:
  // The edge where exceptions of libraries end.
  Outcome<http::Response> answer(Context& context, const http::Request& request, std::string& caller_kind) {
    try {
      return dispatch(context, request, caller_kind);
    } catch (const std::exception& exception) {
      return std::unexpected(Failure(internal_error(exception.what())));
    } catch (...) {
      return std::unexpected(Failure(internal_error("an exception of unknown type")));
    }
  }

  static Error internal_error(std::string detail) {
    return {ErrorCode::kInternal,
            "Something went wrong inside the server; its log has more under this request's id",
            std::move(detail)};
  }

  Outcome<http::Response> dispatch(Context& context, const http::Request& request, std::string& caller_kind) {
    Router::Match match = router_.match(request.method, request.path);
    if (!match.route) return no_route(request, std::move(match.allow));
    if (match.route->access == Access::kPublic) return match.route->handler(context, request, match.params);

    PB_ASSIGN(const manager::Caller caller, authenticate(request));
    caller_kind = manager::to_string(caller.kind);
    if (match.route->access == Access::kAdministrator) PB_TRY(manager::require_administrator(caller));
    context.caller = &caller;
    Outcome<http::Response> outcome = match.route->handler(context, request, match.params);
    context.caller = nullptr;
    return outcome;
  }

  // Management belongs to people: an API key is refused without a look at it.
  Outcome<manager::Caller> authenticate(const http::Request& request) {
    const std::string_view credential = bearer_credential(request);
    if (credential.empty()) {
      return refuse(ErrorCode::kAuthentication,
                    "Sign in first: send the token of POST /api/auth/login as Authorization: Bearer <token>");
    }
    if (!looks_like_jwt(credential)) {
      return refuse(
          ErrorCode::kAuthentication,
          "This needs the token of a signed-in user (POST /api/auth/login); API keys do not serve here");
    }
    PB_ASSIGN(manager::Caller caller, services_.authenticator.authenticate(credential));
    PB_TRY(manager::require_user(caller));
    caller.ip_address = request.remote_address;
    return caller;
  }

  static Outcome<http::Response> no_route(const http::Request& request, std::string allow) {
    const std::string method(http::to_string(request.method));
    if (allow.empty()) {
      return refuse(ErrorCode::kResourceNotFound, "There is nothing at " + method + " " +
                                                      request.path.substr(0, 256) +
                                                      "; GET /api lists what there is");
    }
    if (request.method == http::Method::kOptions) {
      http::Response response;
      response.status = 204;
      response.set("Allow", std::move(allow));
      return response;
    }
    Failure failure(
        Error{ErrorCode::kMethodNotAllowed, method + " does not work here; these do: " + allow, {}});
    failure.allow = std::move(allow);
    return std::unexpected(std::move(failure));
  }

  static void write_access_log(const http::Request& request, int status, Milliseconds took,
                               std::string_view request_id, std::string_view caller_kind,
                               const Error* error) {
    const bool read = request.method == http::Method::kGet || request.method == http::Method::kHead;
    const bool routine = read && status < 400;
    const log::Level level = status >= 500 ? log::Level::kError
                             : routine     ? log::Level::kDebug
                                           : log::Level::kInfo;
    if (!log::enabled(level)) return;
    const std::string target = log::redact_target(request.target);
    const std::string_view method = http::to_string(request.method);
    const auto took_ms = static_cast<int64_t>(took.count());
    if (!error) {
      log::write(level, "request",
                 {{"method", method},
                  {"target", target},
                  {"status", status},
                  {"took_ms", took_ms},
                  {"request_id", request_id},
                  {"caller", caller_kind}});
      return;
    }
    log::write(level, "request refused",
               {{"method", method},
                {"target", target},
                {"status", status},
                {"took_ms", took_ms},
                {"request_id", request_id},
                {"caller", caller_kind},
                {"code", to_string(error->code)},
                {"detail", error->detail}});
  }

  const ApiServices services_;
  const ApiOptions options_;
  const WallTime started_at_;
  Router router_;
};

Api::Api(ApiServices services, ApiOptions options)
    : impl_(std::make_unique<Impl>(services, std::move(options))) {}
Api::~Api() = default;

bool Api::owns(std::string_view path) {
  return path == "/health" || path == "/health/" || path == "/api" || path.starts_with("/api/");
}

http::Response Api::handle(const http::Request& request) {
  return impl_->handle(request);
}
std::vector<std::string> Api::route_names() const {
  return impl_->route_names();
}

}  // namespace patchbay::rest
