// HTTP messages as a client sees them: the request that it writes, the answer that it reads. Values; no I/O.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace patchbay::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct ClientRequest {
  Method method = Method::kGet;
  std::string target = "/";  // path and query, percent-encoded
  Headers headers{};         // without Host, Content-Length, Transfer-Encoding and Connection
  std::string body{};
};

struct ClientResponse {
  int status = 0;     // 200 to 599, or 101
  Headers headers{};  // in order; names in lower case
  std::string body{};

  // First header of that name (give it in lower case), or nothing.
  std::optional<std::string_view> header(std::string_view lower_case_name) const;
};

// Whether a client may be asked to send this header: the name a token, the value without control characters,
// and none of those that frame the message or open a WebSocket, which are written here.
Status check_client_header(std::string_view name, std::string_view value);

// Writes `request` for the server `host` (Url::authority()). Fails, and writes nothing, when a header or the
// target is not fit to be sent, so that no value can smuggle a line into the request.
Status append_request(std::string& out, const ClientRequest& request, std::string_view host);

// What a refusal says, for people: "the server answered 403 Forbidden: <its message>". The message comes from
// a JSON body's "message", or is left out; control characters are dropped, and it is cut to 300 bytes.
std::string describe(const ClientResponse& response);

}  // namespace patchbay::http
