// The client's words to a proxy until it has opened the way to the target: CONNECT with Basic authentication
// (RFC 9110 §9.3.6, RFC 7617), or SOCKS5 with user and password (RFC 1928, RFC 1929). Names are left to the
// proxy to look up. No I/O: bytes in, bytes out. Shard-local.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "net/proxy.h"

namespace patchbay::net {

class ProxyHandshake {
 public:
  enum class State { kNeedMore, kDone, kFailed };

  // To `host`, a name or an address in figures without brackets, at most 255 bytes. What cannot be asked for
  // fails at once.
  ProxyHandshake(Proxy proxy, std::string host, uint16_t port);

  // What is to be sent now.
  std::string take_output() { return std::exchange(output_, {}); }
  // Takes bytes of the proxy's answer and never one behind it: those are the target's. Returns how many it
  // took: all of them in kNeedMore, unless something is to be sent before the next.
  size_t feed(std::string_view bytes);

  State state() const { return state_; }
  // In kFailed. kConfiguration when credentials are at fault, else kServiceUnavailable. Names the proxy and
  // what it answered, never the credentials.
  const Error& error() const { return error_; }

  // Of an HTTP proxy's answer: status line, headers, and interim answers before it.
  static constexpr size_t kMaxHeadBytes = 16 * 1024;

 private:
  enum class Step { kHttpHead, kSocksMethod, kSocksAuthentication, kSocksReply };

  void ask_http();
  void greet_socks();
  void ask_socks();
  size_t feed_http(std::string_view bytes);
  size_t feed_socks(std::string_view bytes);
  void on_http_head(std::string_view head);
  void on_socks_method(uint8_t method);
  void on_socks_reply(uint8_t reply);
  // How long the SOCKS answer that begins with pending_ is, as far as that can be told.
  size_t socks_answer_size() const;
  void refuse(ErrorCode code, std::string_view what);

  const Proxy proxy_;
  const std::string host_;
  const uint16_t port_;
  State state_ = State::kNeedMore;
  Step step_ = Step::kHttpHead;
  std::string output_;
  std::string pending_;     // of the answer so far; of an HTTP head its first line
  size_t head_bytes_ = 0;   // over all heads
  size_t line_length_ = 0;  // of the line under way, without line ends
  bool in_status_line_ = true;
  Error error_;
};

}  // namespace patchbay::net
