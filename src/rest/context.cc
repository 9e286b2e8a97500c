#include "rest/context.h"

#include <boost/json.hpp>

#include "rest/envelope.h"

namespace patchbay::rest {

Outcome<boost::json::object> Context::body(const http::Request& request) const {
  return read_json_object(request, {.max_bytes = options.max_body_bytes});
}

http::Response Context::ok(boost::json::value&& data) const {
  return success(200, std::move(data), request_id, now);
}

http::Response Context::created(boost::json::value&& data) const {
  return success(201, std::move(data), request_id, now);
}

http::Response Context::message(std::string_view text) const {
  return ok(boost::json::object{{"message", text}});
}

std::string Context::qr_code(std::string_view text) const {
  if (options.qr_format == QrFormat::kRaw || !options.draw_qr) return std::string(text);
  return options.draw_qr(text);
}

}  // namespace patchbay::rest
