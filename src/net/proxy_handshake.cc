#include "net/proxy_handshake.h"

#include <algorithm>
#include <utility>

#include <arpa/inet.h>

#include "base/bytes.h"

namespace patchbay::net {
namespace {

constexpr uint8_t kVersion = 5;
constexpr uint8_t kNoAuthentication = 0;
constexpr uint8_t kUserAndPassword = 2;
constexpr uint8_t kNoAcceptableMethod = 0xff;
constexpr uint8_t kAddressIpv4 = 1;
constexpr uint8_t kAddressName = 3;
constexpr uint8_t kAddressIpv6 = 4;
constexpr std::string_view kHttpBeginning = "HTTP/1.";
constexpr size_t kMaxQuotedBytes = 80;

uint8_t octet(std::string_view bytes, size_t at) {
  return static_cast<uint8_t>(bytes[at]);
}

// What a peer said, fit for a message.
std::string quote(std::string_view text) {
  std::string result;
  for (const char c : text.substr(0, kMaxQuotedBytes)) result += c >= ' ' && c <= '~' ? c : '?';
  while (result.ends_with(' ')) result.pop_back();
  return result;
}

// RFC 1928 §6.
std::string_view socks_words(uint8_t reply) {
  switch (reply) {
    case 1:
      return "general failure";
    case 2:
      return "not allowed by its rules";
    case 3:
      return "network unreachable";
    case 4:
      return "host unreachable";
    case 5:
      return "connection refused";
    case 6:
      return "time to live expired";
    case 7:
      return "command not supported";
    case 8:
      return "kind of address not supported";
    default:
      return "unknown";
  }
}

}  // namespace

ProxyHandshake::ProxyHandshake(Proxy proxy, std::string host, uint16_t port)
    : proxy_(std::move(proxy)), host_(std::move(host)), port_(port) {
  const bool speakable = !host_.empty() && host_.size() <= 255 && std::ranges::all_of(host_, [](char c) {
    return c > ' ' && c <= '~' && c != '/' && c != '@' && c != '[' && c != ']';
  });
  if (!speakable)
    refuse(ErrorCode::kConfiguration, "cannot be asked for a host of such a name");
  else if (proxy_.user.size() > Proxy::kMaxCredentialBytes ||
           proxy_.password.size() > Proxy::kMaxCredentialBytes)
    refuse(ErrorCode::kConfiguration, "cannot be given a user name or password of that length");
  else if (proxy_.kind == Proxy::Kind::kHttp)
    ask_http();
  else
    greet_socks();
}

void ProxyHandshake::refuse(ErrorCode code, std::string_view what) {
  state_ = State::kFailed;
  pending_.clear();
  output_.clear();
  error_ = {.code = code, .message = proxy_.describe() + " " + std::string(what), .detail = {}};
}

size_t ProxyHandshake::feed(std::string_view bytes) {
  if (state_ != State::kNeedMore) return 0;
  return step_ == Step::kHttpHead ? feed_http(bytes) : feed_socks(bytes);
}

// --- HTTP ---

void ProxyHandshake::ask_http() {
  step_ = Step::kHttpHead;
  const std::string place =
      (host_.find(':') == std::string::npos ? host_ : "[" + host_ + "]") + ":" + std::to_string(port_);
  output_ = "CONNECT " + place + " HTTP/1.1\r\nHost: " + place + "\r\n";
  if (!proxy_.user.empty())
    output_ += "Proxy-Authorization: Basic " + base64_encode(proxy_.user + ":" + proxy_.password) + "\r\n";
  output_ += "\r\n";
}

// Lines may end in a bare LF (RFC 9112 §2.2).
size_t ProxyHandshake::feed_http(std::string_view bytes) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (++head_bytes_ > kMaxHeadBytes) {
      refuse(ErrorCode::kServiceUnavailable,
             "gave an answer with more than " + std::to_string(kMaxHeadBytes) + " bytes of headers");
      return i;
    }
    // Only the status line is kept; headers pass by.
    if (in_status_line_ && pending_.size() < kHttpBeginning.size() && c != kHttpBeginning[pending_.size()]) {
      refuse(ErrorCode::kServiceUnavailable, "does not answer as an HTTP proxy does");
      return i;
    }
    if (c == '\n') {
      in_status_line_ = false;
      if (std::exchange(line_length_, 0) > 0) continue;
      in_status_line_ = true;
      on_http_head(std::exchange(pending_, {}));
      if (state_ != State::kNeedMore) return i + 1;
    } else {
      if (in_status_line_) pending_ += c;
      if (c != '\r') ++line_length_;
    }
  }
  return bytes.size();
}

void ProxyHandshake::on_http_head(std::string_view head) {
  const std::string_view line = head.substr(0, head.find('\r'));
  const auto digit = [&](size_t at) {
    return at < line.size() && line[at] >= '0' && line[at] <= '9' ? line[at] - '0' : -1;
  };
  // "HTTP/1.1 200 words"; the words may be missing.
  const bool well_formed = digit(7) >= 0 && line.size() >= 12 && line[8] == ' ' && digit(9) >= 1 &&
                           digit(10) >= 0 && digit(11) >= 0 && (line.size() == 12 || line[12] == ' ');
  if (!well_formed) return refuse(ErrorCode::kServiceUnavailable, "does not answer as an HTTP proxy does");
  const int status = digit(9) * 100 + digit(10) * 10 + digit(11);
  if (status < 200 && status != 101) return;  // interim; the answer follows
  if (status >= 200 && status < 300) {
    state_ = State::kDone;
    return;
  }
  // Its words may say what it was told.
  const bool echoes =
      !proxy_.user.empty() &&
      (line.find(proxy_.password) != std::string_view::npos ||
       line.find(base64_encode(proxy_.user + ":" + proxy_.password)) != std::string_view::npos);
  const std::string answered = "answered " + quote(line.substr(9, echoes ? 3 : std::string_view::npos));
  if (status == 407 && proxy_.user.empty())
    return refuse(ErrorCode::kConfiguration, answered + ": it wants a user name and password");
  if (status == 407)
    return refuse(ErrorCode::kConfiguration, answered + ": it does not accept the user name and password");
  refuse(ErrorCode::kServiceUnavailable, answered);
}

// --- SOCKS5 ---

void ProxyHandshake::greet_socks() {
  step_ = Step::kSocksMethod;
  output_ = {static_cast<char>(kVersion)};
  if (proxy_.user.empty())
    output_ += {1, static_cast<char>(kNoAuthentication)};
  else
    output_ += {2, static_cast<char>(kNoAuthentication), static_cast<char>(kUserAndPassword)};
}

void ProxyHandshake::ask_socks() {
  step_ = Step::kSocksReply;
  output_ = {static_cast<char>(kVersion), 1, 0};  // CONNECT
  char address[16];
  if (inet_pton(AF_INET, host_.c_str(), address) == 1) {
    output_ += static_cast<char>(kAddressIpv4);
    output_.append(address, 4);
  } else if (inet_pton(AF_INET6, host_.c_str(), address) == 1) {
    output_ += static_cast<char>(kAddressIpv6);
    output_.append(address, 16);
  } else {
    output_ += static_cast<char>(kAddressName);
    output_ += static_cast<char>(host_.size());
    output_ += host_;
  }
  output_ += {static_cast<char>(port_ >> 8), static_cast<char>(port_ & 0xff)};
}

size_t ProxyHandshake::socks_answer_size() const {
  if (step_ != Step::kSocksReply) return 2;
  if (pending_.size() < 5) return 5;  // up to the first octet of the address
  switch (octet(pending_, 3)) {
    case kAddressIpv4:
      return 4 + 4 + 2;
    case kAddressIpv6:
      return 4 + 16 + 2;
    default:
      return 5u + octet(pending_, 4) + 2u;
  }
}

size_t ProxyHandshake::feed_socks(std::string_view bytes) {
  size_t taken = 0;
  while (taken < bytes.size() && state_ == State::kNeedMore && output_.empty()) {
    pending_ += bytes[taken++];
    // The first octet is a version, the fourth of a reply a kind of address: nonsense is found at once.
    const uint8_t version = step_ == Step::kSocksAuthentication ? 1 : kVersion;
    if (octet(pending_, 0) != version) {
      refuse(ErrorCode::kServiceUnavailable, "does not answer as a SOCKS5 proxy does");
      break;
    }
    if (step_ == Step::kSocksReply && pending_.size() == 2 && octet(pending_, 1) != 0) {
      on_socks_reply(octet(pending_, 1));
      break;
    }
    if (step_ == Step::kSocksReply && pending_.size() == 4) {
      const uint8_t kind = octet(pending_, 3);
      if (kind != kAddressIpv4 && kind != kAddressName && kind != kAddressIpv6) {
        refuse(ErrorCode::kServiceUnavailable, "does not answer as a SOCKS5 proxy does");
        break;
      }
    }
    if (pending_.size() < socks_answer_size()) continue;
    const uint8_t second = octet(pending_, 1);
    pending_.clear();
    switch (step_) {
      case Step::kSocksMethod:
        on_socks_method(second);
        break;
      case Step::kSocksAuthentication:
        if (second == 0)
          ask_socks();
        else
          refuse(ErrorCode::kConfiguration, "does not accept the user name and password");
        break;
      default:
        on_socks_reply(second);
    }
  }
  return taken;
}

void ProxyHandshake::on_socks_method(uint8_t method) {
  if (method == kNoAuthentication) return ask_socks();
  if (method == kUserAndPassword && !proxy_.user.empty()) {
    step_ = Step::kSocksAuthentication;
    output_ = {1, static_cast<char>(proxy_.user.size())};
    output_ += proxy_.user;
    output_ += static_cast<char>(proxy_.password.size());
    output_ += proxy_.password;
    return;
  }
  if (method != kNoAcceptableMethod)
    return refuse(ErrorCode::kServiceUnavailable, "chose a way to authenticate that was not offered");
  refuse(ErrorCode::kConfiguration, proxy_.user.empty()
                                        ? "wants a user name and password"
                                        : "accepts neither a user name and password nor none");
}

void ProxyHandshake::on_socks_reply(uint8_t reply) {
  if (reply == 0) {
    state_ = State::kDone;
    return;
  }
  refuse(ErrorCode::kServiceUnavailable, "cannot reach the target: it answered " + std::to_string(reply) +
                                             " (" + std::string(socks_words(reply)) + ")");
}

}  // namespace patchbay::net
