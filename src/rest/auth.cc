// /api/auth: register, log in, and what a signed-in user does with the account.
#include <boost/json.hpp>

#include "manager/accounts.h"
#include "rest/context.h"
#include "rest/json_view.h"
#include "rest/resources.h"
#include "rest/validation.h"

namespace patchbay::rest {
namespace {

namespace json = boost::json;

constexpr TextRule kNameRule{.presence = Presence::kRequired, .min_characters = 2, .max_characters = 100};

constexpr TextRule password_rule(size_t min_characters, size_t max_characters) {
  return {.presence = Presence::kRequired,
          .min_characters = min_characters,
          .max_characters = max_characters,
          .secret = true,
          .multiline = true};
}

json::object session_json(const manager::Login& login) {
  return {{"user", to_json(login.account.user, login.account.subscription)},
          {"subscription", to_json(login.account.subscription)},
          {"token", login.token}};
}

Outcome<http::Response> register_user(const Context& context, const http::Request& request,
                                      const PathParams&) {
  PB_ASSIGN(const json::object body, context.body(request));
  FieldReader fields(body);
  manager::Registration registration{.email = fields.email("email", Presence::kRequired).value_or(""),
                                     .password = fields.text("password", password_rule(6, 128)).value_or(""),
                                     .name = fields.text("name", kNameRule).value_or("")};
  PB_TRY(fields.finish());
  PB_ASSIGN(const manager::Login login,
            context.services.accounts.register_user(registration, request.remote_address));
  return context.created(session_json(login));
}

Outcome<http::Response> log_in(const Context& context, const http::Request& request, const PathParams&) {
  PB_ASSIGN(const json::object body, context.body(request));
  FieldReader fields(body);
  const std::string email = fields.email("email", Presence::kRequired).value_or("");
  const std::string password = fields.text("password", password_rule(1, 1024)).value_or("");
  PB_TRY(fields.finish());
  PB_ASSIGN(const manager::Login login,
            context.services.accounts.login(email, password, request.remote_address));
  return context.ok(session_json(login));
}

Outcome<http::Response> me(const Context& context, const http::Request&, const PathParams&) {
  PB_ASSIGN(const manager::Account account, context.services.accounts.me(*context.caller));
  return context.ok(json::object{{"user", to_json(account.user, account.subscription)},
                                 {"subscription", to_json(account.subscription)}});
}

Outcome<http::Response> change_password(const Context& context, const http::Request& request,
                                        const PathParams&) {
  PB_ASSIGN(const json::object body, context.body(request));
  FieldReader fields(body);
  const std::string current = fields.text("currentPassword", password_rule(1, 1024)).value_or("");
  const std::string next = fields.text("newPassword", password_rule(8, 128)).value_or("");
  PB_TRY(fields.finish());
  Result<std::string> token = context.services.accounts.change_password(*context.caller, current, next);
  if (!token) {
    // 401 would tell clients that their token is bad.
    const bool wrong = token.error().code == ErrorCode::kInvalidCredentials;
    return std::unexpected(Failure(std::move(token.error()), wrong ? 400 : 0));
  }
  return context.ok(json::object{{"message", "The password is changed; tokens issued before no longer work"},
                                 {"token", *token}});
}

Outcome<http::Response> refresh(const Context& context, const http::Request&, const PathParams&) {
  PB_ASSIGN(const std::string token, context.services.accounts.refresh(*context.caller));
  return context.ok(json::object{{"token", token}});
}

Outcome<http::Response> log_out(const Context& context, const http::Request&, const PathParams&) {
  PB_TRY(context.services.accounts.logout(*context.caller));
  return context.message("Signed out; forget the token");
}

constexpr Route kAuthRoutes[] = {
    {http::Method::kPost, "/api/auth/register", Access::kPublic, register_user},
    {http::Method::kPost, "/api/auth/login", Access::kPublic, log_in},
    {http::Method::kGet, "/api/auth/me", Access::kUser, me},
    {http::Method::kPost, "/api/auth/change-password", Access::kUser, change_password},
    {http::Method::kPost, "/api/auth/refresh", Access::kUser, refresh},
    {http::Method::kPost, "/api/auth/logout", Access::kUser, log_out},
};

}  // namespace

std::span<const Route> auth_routes() {
  return kAuthRoutes;
}

}  // namespace patchbay::rest
