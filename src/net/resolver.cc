#include "net/resolver.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

namespace patchbay::net {
namespace {

using Addresses = std::vector<SocketAddress>;

std::string numeric(const sockaddr_storage& storage) {
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(storage).sin_addr, text, sizeof text);
  } else if (storage.ss_family == AF_INET6) {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr, text, sizeof text);
  }
  return text;
}

// Blocks unless `flags` has AI_NUMERICHOST.
Result<Addresses> look_up(const std::string& host, uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (error != 0)
    return fail(ErrorCode::kServiceUnavailable,
                "cannot find the address of '" + host +
                    "': " + (error == EAI_SYSTEM ? std::strerror(errno) : gai_strerror(error)));
  Addresses addresses;
  for (const addrinfo* it = list; it != nullptr && addresses.size() < Resolver::kMaxAddresses;
       it = it->ai_next) {
    if (it->ai_addrlen > sizeof(sockaddr_storage)) continue;
    SocketAddress address{.size = it->ai_addrlen};
    std::memcpy(&address.storage, it->ai_addr, it->ai_addrlen);
    address.text = numeric(address.storage);
    addresses.push_back(std::move(address));
  }
  freeaddrinfo(list);
  if (addresses.empty()) return fail(ErrorCode::kServiceUnavailable, "'" + host + "' has no address");
  return addresses;
}

}  // namespace

bool is_numeric_address(const std::string& host) {
  in6_addr bytes{};
  return inet_pton(AF_INET, host.c_str(), &bytes) == 1 || inet_pton(AF_INET6, host.c_str(), &bytes) == 1;
}

void Resolver::resolve(Shard& shard, const std::string& host, uint16_t port, Done done) {
  if (is_numeric_address(host)) {
    shard.post([found = look_up(host, port, AI_NUMERICHOST), done = std::move(done)]() mutable {
      done(std::move(found));
    });
    return;
  }
  std::call_once(once_, [this] { pool_ = std::make_unique<WorkerPool>(1, kMaxQueued); });
  // Shared, because a full queue must still answer.
  const auto shared_done = std::make_shared<Done>(std::move(done));
  const bool queued = pool_->try_post([&shard, host, port, shared_done] {
    shard.post([found = look_up(host, port, 0), shared_done]() mutable { (*shared_done)(std::move(found)); });
  });
  if (queued) return;
  shard.post([host, shared_done] {
    (*shared_done)(fail(ErrorCode::kServiceUnavailable,
                        "cannot find the address of '" + host + "': too many names are being looked up"));
  });
}

}  // namespace patchbay::net
