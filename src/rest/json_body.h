// The JSON object in the body of a request, read within limits. Pure functions; any thread.
#pragma once

#include <cstddef>

#include <boost/json/object.hpp>

#include "http/message.h"
#include "rest/failure.h"

namespace patchbay::rest {

struct JsonLimits {
  size_t max_bytes = 1024 * 1024;
  size_t max_depth = 32;
};

// An absent body is an empty object; an absent content type is taken for JSON. Otherwise
//   PAYLOAD_TOO_LARGE       more than max_bytes
//   UNSUPPORTED_MEDIA_TYPE  a content type that is not JSON
//   BAD_REQUEST             not JSON (the message names line and column), not UTF-8, or nested too deep
//   VALIDATION_ERROR        JSON, but not an object
Outcome<boost::json::object> read_json_object(const http::Request& request, const JsonLimits& limits = {});

}  // namespace patchbay::rest
