#include "engineio/refusal.h"

#include <boost/json/serialize.hpp>

#include "base/bytes.h"

namespace patchbay::engineio {
namespace {

std::string quoted(std::string_view text) {
  if (!is_valid_utf8(text)) text = "Forbidden";
  return boost::json::serialize(boost::json::string_view(text.data(), text.size()));
}

}  // namespace

std::string_view to_string(RefusalCode code) {
  switch (code) {
    case RefusalCode::kTransportUnknown:
      return "Transport unknown";
    case RefusalCode::kSessionUnknown:
      return "Session ID unknown";
    case RefusalCode::kBadMethod:
      return "Bad handshake method";
    case RefusalCode::kBadRequest:
      return "Bad request";
    case RefusalCode::kForbidden:
      return "Forbidden";
    case RefusalCode::kProtocolUnsupported:
      return "Unsupported protocol version";
  }
  return "Bad request";
}

http::Response to_response(const Refusal& refusal, std::string_view message) {
  http::Response response{.status = refusal.code == RefusalCode::kForbidden ? 403 : 400};
  response.set("content-type", "application/json");
  response.body = "{\"code\":" + std::to_string(static_cast<int>(refusal.code)) +
                  ",\"message\":" + quoted(message.empty() ? to_string(refusal.code) : message) +
                  ",\"hint\":" + quoted(refusal.hint) + "}";
  return response;
}

}  // namespace patchbay::engineio
