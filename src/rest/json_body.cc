#include "rest/json_body.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "base/bytes.h"

namespace patchbay::rest {
namespace {

namespace json = boost::json;

bool is_json_media_type(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
  if (equals_ignore_case(type, "application/json")) return true;
  constexpr std::string_view kSuffix = "+json";
  return type.size() > kSuffix.size() &&
         equals_ignore_case(type.substr(type.size() - kSuffix.size()), kSuffix);
}

std::string position(std::string_view text, size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const size_t line_start = before.rfind('\n');
  const auto line = std::ranges::count(before, '\n') + 1;
  const size_t column = before.size() - (line_start == std::string_view::npos ? 0 : line_start + 1) + 1;
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

// The code that the contract has for whatever is wrong with a body; the status tells them apart.
std::unexpected<Failure> refuse_body(int status, std::string message) {
  return std::unexpected(Failure(Error{ErrorCode::kValidation, std::move(message), {}}, status));
}

}  // namespace

Outcome<json::object> read_json_object(const http::Request& request, const JsonLimits& limits) {
  if (request.body.size() > limits.max_bytes) {
    return refuse_body(413, "The body has " + std::to_string(request.body.size()) + " bytes; at most " +
                                std::to_string(limits.max_bytes) + " are accepted here");
  }
  if (request.body.empty()) return json::object();
  const auto content_type = request.header("content-type");
  if (content_type && !is_json_media_type(*content_type)) {
    return refuse_body(415, "The body must be JSON: send it with the header Content-Type: application/json");
  }
  // RFC 8259 §8.1 lets a receiver ignore a byte order mark.
  std::string_view text = request.body;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);

  json::parse_options options;
  options.max_depth = limits.max_depth;
  json::stream_parser parser({}, options);
  boost::system::error_code error;
  const size_t consumed = parser.write(text.data(), text.size(), error);
  if (!error) parser.finish(error);
  if (error == json::error::too_deep) {
    return refuse_body(
        400, "The JSON in the body is nested deeper than " + std::to_string(limits.max_depth) + " levels");
  }
  if (error) {
    return refuse_body(400,
                       "The body is not valid JSON: " + error.message() + " at " + position(text, consumed));
  }
  json::value value = parser.release();
  if (!value.is_object()) {
    return refuse_body(400, "The body must be a JSON object, for example {}");
  }
  return std::move(value.get_object());
}

}  // namespace patchbay::rest
