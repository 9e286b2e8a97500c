// The two envelopes of the panel contract §1.1: {success, timestamp, request_id, data} and {success,
// timestamp, message, error{code, message, details}}. Pure functions; any thread.
#pragma once

#include <string_view>

#include <boost/json/fwd.hpp>

#include "base/clock.h"
#include "http/message.h"
#include "rest/failure.h"

namespace patchbay::rest {

http::Response success(int status, boost::json::value&& data, std::string_view request_id, WallTime now);

// Never shows error.detail. `request_id` goes into the details of failures that are the server's fault.
http::Response failure(const Failure& failure, std::string_view request_id, WallTime now);

// X-Request-ID, and the headers of the panel contract §1.2 that keep browsers from guessing: no sniffing, no
// framing by strangers, no referrer, no caching. `secure`: the request came over TLS, so HSTS means
// something.
void add_common_headers(http::Response& response, std::string_view request_id, bool secure);

}  // namespace patchbay::rest
