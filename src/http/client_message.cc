#include "http/client_message.h"

#include <algorithm>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "base/bytes.h"
#include "http/characters.h"
#include "http/header_value.h"

namespace patchbay::http {
namespace {

constexpr std::string_view kOurs[] = {"host",
                                      "content-length",
                                      "transfer-encoding",
                                      "connection",
                                      "upgrade",
                                      "sec-websocket-key",
                                      "expect",
                                      "sec-websocket-version",
                                      "sec-websocket-extensions"};

constexpr size_t kMaxMessage = 300;
constexpr size_t kMaxParsedBody = 64 * 1024;

std::string message_of(std::string_view body) {
  if (body.empty() || body.size() > kMaxParsedBody) return {};
  boost::json::error_code error;
  const boost::json::value value = boost::json::parse(body, error);
  const auto* const object = value.if_object();
  const auto* const message = error || object == nullptr ? nullptr : object->if_contains("message");
  if (message == nullptr || !message->is_string()) return {};
  std::string text(message->get_string());
  std::erase_if(text, [](char c) { return static_cast<uint8_t>(c) < ' ' || c == 0x7f; });
  if (text.size() > kMaxMessage) {
    size_t end = kMaxMessage;
    while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xc0) == 0x80) --end;
    text.resize(end);
  }
  return text;
}

bool wants_body(Method method) {
  return method == Method::kPost || method == Method::kPut || method == Method::kPatch;
}

}  // namespace

std::optional<std::string_view> ClientResponse::header(std::string_view lower_case_name) const {
  for (const auto& [name, value] : headers)
    if (name == lower_case_name) return value;
  return std::nullopt;
}

Status check_client_header(std::string_view name, std::string_view value) {
  if (!is_token(name))
    return fail(ErrorCode::kConfiguration,
                "the name of a header is empty or holds a character that it must not");
  // The value may be a secret: it is not quoted.
  if (!std::ranges::all_of(value, is_value_character))
    return fail(ErrorCode::kConfiguration,
                "the value of the header '" + std::string(name) + "' holds a control character");
  if (std::ranges::any_of(kOurs, [&](std::string_view ours) { return equals_ignore_case(ours, name); }))
    return fail(ErrorCode::kConfiguration,
                "the header '" + std::string(name) + "' is written by the client itself; leave it out");
  return {};
}

Status append_request(std::string& out, const ClientRequest& request, std::string_view host) {
  if (!request.target.starts_with('/') || !std::ranges::all_of(request.target, is_target_character))
    return fail(
        ErrorCode::kConfiguration,
        "the target of a request must begin with '/' and hold visible ASCII only: percent-encode the rest");
  if (host.empty() || !std::ranges::all_of(host, is_authority_character) || request.method == Method::kOther)
    return fail(ErrorCode::kConfiguration, "the host or the method of a request is not usable");
  for (const auto& [name, value] : request.headers) PB_TRY(check_client_header(name, value));
  out.append(to_string(request.method)).append(" ").append(request.target).append(" HTTP/1.1\r\nHost: ");
  out.append(host).append("\r\n");
  for (const auto& [name, value] : request.headers)
    out.append(name).append(": ").append(value).append("\r\n");
  if (!request.body.empty() || wants_body(request.method))
    out.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  out.append("\r\n").append(request.body);
  return {};
}

std::string describe(const ClientResponse& response) {
  std::string text = "the server answered " + std::to_string(response.status);
  if (const std::string_view phrase = reason_phrase(response.status); phrase != "Unknown")
    text.append(" ").append(phrase);
  if (const std::string message = message_of(response.body); !message.empty()) text += ": " + message;
  return text;
}

}  // namespace patchbay::http
