// deps: http socketio
// The short texts that clients put into requests, each alone: queries, addresses of servers, X-Forwarded-For,
// places in a recovery log. The first byte chooses.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <source_location>

#include <arpa/inet.h>

#include "http/client_address.h"
#include "http/query.h"
#include "http/url.h"
#include "socketio/recovery_log.h"

namespace {

using namespace patchbay;

void check(bool holds, std::source_location where = std::source_location::current()) {
  if (holds) return;
  std::fprintf(stderr, "the check in line %u does not hold\n", where.line());
  std::abort();
}

void check_query(std::string_view text) {
  const auto all = http::query_parameters(text);
  check(all.size() <= 100);
  for (const auto& [name, value] : all) {
    check(name.size() + value.size() <= text.size());
    const auto first = std::ranges::find(all, name, &std::pair<std::string, std::string>::first);
    const auto found = http::query_parameter(text, name);
    // One with broken escapes may stand before it; it hides what comes after.
    check(!found || *found == first->second);
  }
}

void check_url(std::string_view text) {
  const auto url = http::Url::parse(text);
  if (!url) return check(!url.error().message.empty());
  check(!url->host.empty() && url->path.starts_with('/') && text.size() <= http::Url::kMaxBytes);
  const auto again =
      http::Url::parse(url->origin() + url->path + (url->query.empty() ? "" : "?" + url->query));
  check(again && again->host == url->host && again->port == url->port && again->secure == url->secure &&
        again->path == url->path && again->query == url->query);
}

void check_forwarded(std::string_view text) {
  static const auto ours = http::TrustedProxies::parse({"10.0.0.0/8", "fd00::/8"});
  http::Request request{.remote_address = "10.0.0.1"};
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    request.headers.emplace_back("x-forwarded-for", text.substr(begin, end - begin));
    begin = end + 1;
  }
  const std::string client = ours->client_of(request);
  in6_addr address;
  check(inet_pton(AF_INET, client.c_str(), &address) == 1 ||
        inet_pton(AF_INET6, client.c_str(), &address) == 1);
  (void)http::TrustedProxies::parse({std::string(text)});
}

void check_offset(std::string_view text) {
  const auto offset = socketio::parse_offset(text);
  if (offset) check(socketio::to_string(*offset) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      check_query(text);
      break;
    case 1:
      check_url(text);
      break;
    case 2:
      check_forwarded(text);
      break;
    default:
      check_offset(text);
  }
  return 0;
}
