#include "realtime/credential_chain.h"

#include <optional>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/bytes.h"

namespace patchbay::realtime {
namespace {

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string_view without_scheme(std::string_view value) {
  value = trim(value);
  constexpr std::string_view scheme = "bearer";
  if (!equals_ignore_case(value.substr(0, scheme.size()), scheme)) return value;
  const std::string_view rest = value.substr(scheme.size());
  // "Bearer" and nothing behind it is no credential; "bearers" is one, by name.
  return rest.empty() || rest.front() == ' ' || rest.front() == '\t' ? trim(rest) : value;
}

void add(std::vector<Credential>& found, AuthMethod method, std::string_view value) {
  const std::string_view token = without_scheme(value);
  if (!token.empty()) found.push_back({method, std::string(token.substr(0, kMaxCredentialBytes + 1))});
}

}  // namespace

std::string_view to_string(AuthMethod method) {
  switch (method) {
    case AuthMethod::kAuthToken:
      return "auth.token";
    case AuthMethod::kAuthAuthorization:
      return "auth.authorization";
    case AuthMethod::kQueryToken:
      return "query.token";
    case AuthMethod::kAuthorizationHeader:
      return "header.authorization";
    case AuthMethod::kNone:
      return "none";
  }
  return "none";
}

std::vector<Credential> collect_credentials(const socketio::Handshake& handshake) {
  std::vector<Credential> found;
  const boost::json::value auth = handshake.auth();
  const auto text_of = [&auth](std::string_view name) -> std::string_view {
    const auto* const value = auth.as_object().if_contains(name);
    return value != nullptr && value->is_string() ? std::string_view(value->get_string())
                                                  : std::string_view();
  };
  add(found, AuthMethod::kAuthToken, text_of("token"));
  add(found, AuthMethod::kAuthAuthorization, text_of("authorization"));
  if (const auto token = handshake.request->query_parameter("token"))
    add(found, AuthMethod::kQueryToken, *token);
  if (const auto header = handshake.request->header("authorization"))
    add(found, AuthMethod::kAuthorizationHeader, *header);
  return found;
}

}  // namespace patchbay::realtime
