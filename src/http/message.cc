#include "http/message.h"

#include <boost/json/serialize.hpp>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/error_code.h"
#include "http/header_value.h"
#include "http/query.h"

namespace patchbay::http {
namespace {

// A JSON string; text that is not UTF-8 loses what is not ASCII.
std::string json_string(std::string_view text) {
  if (is_valid_utf8(text)) return boost::json::serialize(boost::json::string_view(text.data(), text.size()));
  std::string ascii(text);
  for (char& c : ascii)
    if (static_cast<uint8_t>(c) >= 0x80) c = '?';
  return json_string(ascii);
}

}  // namespace

std::string_view to_string(Method method) {
  switch (method) {
    case Method::kGet:
      return "GET";
    case Method::kHead:
      return "HEAD";
    case Method::kPost:
      return "POST";
    case Method::kPut:
      return "PUT";
    case Method::kPatch:
      return "PATCH";
    case Method::kDelete:
      return "DELETE";
    case Method::kOptions:
      return "OPTIONS";
    case Method::kOther:
      break;
  }
  return "OTHER";
}

std::optional<std::string_view> Request::header(std::string_view lower_case_name) const {
  for (const auto& [name, value] : headers)
    if (name == lower_case_name) return value;
  return std::nullopt;
}

std::optional<std::string> Request::query_parameter(std::string_view name) const {
  return http::query_parameter(query, name);
}

void Response::set(std::string_view name, std::string value) {
  for (auto& [header, old] : headers) {
    if (!equals_ignore_case(header, name)) continue;
    old = std::move(value);
    return;
  }
  headers.emplace_back(name, std::move(value));
}

void add_vary(Response& response, std::string_view header) {
  for (auto& [name, value] : response.headers) {
    if (!equals_ignore_case(name, "vary")) continue;
    if (!list_contains(value, header)) value.append(", ").append(header);
    return;
  }
  response.set("vary", std::string(header));
}

void Responder::abandon() {
  if (const auto sink = std::exchange(sink_, nullptr))
    sink->respond(
        error_response(500, to_string(ErrorCode::kInternal), "The server gave no answer to this request."));
}

Response error_response(int status, std::string_view code, std::string_view message) {
  const std::string text = json_string(message);
  Response response{.status = status};
  response.set("content-type", "application/json; charset=utf-8");
  response.body.reserve(160 + 2 * text.size());
  response.body += R"({"success":false,"timestamp":")";
  response.body += to_iso8601(SystemClock().wall_now());
  response.body += R"(","message":)";
  response.body += text;
  response.body += R"(,"error":{"code":)";
  response.body += json_string(code);
  response.body += R"(,"message":)";
  response.body += text;
  response.body += R"(,"details":{}}})";
  return response;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 203:
      return "Non-Authoritative Information";
    case 204:
      return "No Content";
    case 205:
      return "Reset Content";
    case 206:
      return "Partial Content";
    case 300:
      return "Multiple Choices";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 407:
      return "Proxy Authentication Required";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 426:
      return "Upgrade Required";
    // RFC 6585
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";  // RFC 4918
    default:
      return "Unknown";
  }
}

}  // namespace patchbay::http
