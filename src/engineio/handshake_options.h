// What an application may decide about new sessions: a cookie, who gets in, how many at a time, which headers
// go out. Values and types of callbacks; see ServerOptions for which thread calls what.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "engineio/kinds.h"
#include "engineio/refusal.h"
#include "http/client_address.h"
#include "http/message.h"

namespace patchbay::engineio {

// A cookie with the session's id on the answer that opens a session, by either transport: for balancers that
// keep a client on one node by it. Patchbay itself reads no cookie. RFC 6265.
struct CookieOptions {
  enum class SameSite : uint8_t { kUnset, kLax, kStrict, kNone };

  std::string name = "io";  // a token
  std::string path = "/";   // empty: none, and browsers take the request's folder
  bool http_only = true;
  SameSite same_site = SameSite::kLax;
  // Zero: until the browser closes.
  std::chrono::seconds max_age{0};
  // Sent back over TLS only. Browsers demand it beside SameSite=None.
  bool secure = false;
};
// The value of Set-Cookie. `value` needs no escaping: a session's id never does.
std::string set_cookie(const CookieOptions& options, std::string_view value);
// Throws std::invalid_argument when the options would make a malformed header.
void check(const CookieOptions& options);

// How many sessions may be opened. A rate of zero is no limit, the default: a server restarted under load
// must take everybody back. What is turned away gets Retry-After.
struct AdmissionOptions {
  // New sessions a second on all shards together, each having its part. Past it: 503.
  double sessions_per_second = 0;
  double session_burst = 1'000;
  // The same from one address, an IPv6 /64 being one; exact over all shards. Past it: 429. Behind a proxy it
  // needs `trusted_proxies`, or all clients are one address.
  double sessions_per_second_per_address = 0;
  double address_burst = 50;
  // Addresses remembered, over all shards; past it the one seen longest ago is forgotten.
  size_t max_addresses = 100'000;
  // Retry-After is the wait that is needed plus a random part of up to this, so that those who were turned
  // away do not come back together. Whole seconds, at least one.
  Milliseconds retry_after_spread{5'000};
};

// The answer to AllowRequest. Movable; answer once, from any thread; dropped without an answer it refuses. It
// must not outlive the server.
class Decision {
 public:
  class Sink {  // implemented by the server
   public:
    virtual ~Sink() = default;
    // `refused`: the message for a client that is not let in.
    virtual void decide(std::optional<std::string> refused) = 0;
  };

  explicit Decision(std::shared_ptr<Sink> sink) : sink_(std::move(sink)) {}
  Decision(Decision&&) noexcept = default;
  Decision& operator=(Decision&&) = delete;
  ~Decision() {
    if (sink_) std::exchange(sink_, nullptr)->decide("The server gave no decision.");
  }
  void allow() {
    if (sink_) std::exchange(sink_, nullptr)->decide(std::nullopt);
  }
  // 403 with code 4 and this message (UTF-8), which the client gets to see.
  void refuse(std::string message) {
    if (sink_) std::exchange(sink_, nullptr)->decide(std::move(message));
  }

 private:
  std::shared_ptr<Sink> sink_;
};

// A request that wants to open a session, and its client's address as TrustedProxies say. The request lives
// as long as the Decision that came with it.
struct HandshakeRequest {
  const http::Request& request;
  std::string_view address;
};
using AllowRequest = std::function<void(const HandshakeRequest&, Decision)>;

using HeaderLines = std::vector<std::pair<std::string, std::string>>;
// Adds headers to an answer. A value with a line break is left out.
using HeaderHook = std::function<void(const http::Request&, HeaderLines&)>;
// The 101 answer `response` with `headers` added.
std::string with_headers(std::string response, const HeaderLines& headers);

// A request that got no session, or lost one, and why. Views are valid during the call.
struct ConnectionError {
  int status = 400;
  // Nothing when the server was only busy.
  std::optional<RefusalCode> code;
  std::string_view message;
  std::string_view context;  // what the answer's hint says, or the name of the BusyReason
  std::string_view address;  // of the client, see ServerOptions::trusted_proxies
};

}  // namespace patchbay::engineio
