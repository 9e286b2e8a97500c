// deps: base net
// What a proxy may answer, in pieces of every size, and addresses of proxies. The first byte chooses kind,
// credentials and the size of the pieces. Whole and in pieces the same must come of it, and nothing behind
// the answer may be taken.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/proxy_handshake.h"

using patchbay::net::Proxy;
using patchbay::net::ProxyHandshake;

namespace {

struct Outcome {
  ProxyHandshake::State state;
  size_t taken = 0;
  std::string said;
  std::string error;
  bool operator==(const Outcome&) const = default;
};

Outcome run(const Proxy& proxy, std::string_view answer, size_t step) {
  ProxyHandshake handshake(proxy, "chat.example", 443);
  Outcome outcome{.state = handshake.state(), .taken = 0, .said = handshake.take_output(), .error = {}};
  while (outcome.taken < answer.size() && handshake.state() == ProxyHandshake::State::kNeedMore) {
    const std::string_view piece = answer.substr(outcome.taken, step);
    const size_t taken = handshake.feed(piece);
    if (taken > piece.size()) std::abort();
    std::string said = handshake.take_output();
    const bool waits = handshake.state() == ProxyHandshake::State::kNeedMore;
    if (waits && taken != piece.size() && said.empty()) std::abort();
    outcome.taken += taken;
    outcome.said += said;
  }
  outcome.state = handshake.state();
  if (outcome.state == ProxyHandshake::State::kFailed) outcome.error = handshake.error().message;
  if (outcome.error.find("s3cret") != std::string::npos && answer.find("s3cret") == std::string_view::npos)
    std::abort();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (const auto parsed = Proxy::parse(rest); parsed && (parsed->host.empty() || parsed->port == 0))
    std::abort();
  Proxy proxy{.kind = (data[0] & 1) != 0 ? Proxy::Kind::kSocks5 : Proxy::Kind::kHttp,
              .host = "p",
              .port = 1,
              .user = {},
              .password = {}};
  if ((data[0] & 2) != 0) proxy.user = "user", proxy.password = "s3cret";
  if (run(proxy, rest, rest.size() + 1) != run(proxy, rest, 1 + (data[0] >> 2))) std::abort();
  return 0;
}
