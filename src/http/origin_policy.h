// Which web pages may talk to us: the Origin check that protects WebSockets, and CORS (Fetch standard §3.2)
// for pages on another port. Immutable after construction; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace patchbay::http {

class OriginPolicy {
 public:
  enum class Verdict {
    kNone,     // no Origin header: not a browser's cross-site request
    kSame,     // the page came from this server
    kAllowed,  // another origin, on the list
    kRefused,
  };

  // `allowed`: serialized origins ("http://localhost:3100"), or "*" for any (then without credentials).
  // `setting` names the configuration that would allow an origin, for the refusal's text.
  OriginPolicy() = default;
  explicit OriginPolicy(std::vector<std::string> allowed, std::string setting = "--cors-origin");

  Verdict check(const Request& request) const;
  // Adds the CORS headers that the verdict calls for, always with Vary: Origin when an Origin came.
  void add_headers(const Request& request, Response& response) const;
  // 204 for an allowed preflight, 403 for a refused one; nothing if the request is no preflight.
  std::optional<Response> preflight(const Request& request) const;
  // 403 with a body that names the refused origin and the setting that would allow it.
  Response refusal(const Request& request) const;

 private:
  std::vector<std::string> allowed_;
  bool any_ = false;
  std::string setting_ = "--cors-origin";
};

}  // namespace patchbay::http
