// The sessions of one shard. Internal to the module.
#pragma once

#include <cstring>
#include <memory>
#include <unordered_map>

#include <boost/unordered/unordered_flat_map.hpp>

#include "engineio/address_limiter.h"
#include "engineio/link.h"
#include "net/turn_budget.h"
#include "websocket/deflate.h"

namespace patchbay::engineio {

struct Server::PerShard {
  struct Hash {
    size_t operator()(const SessionId& id) const {
      // Random characters behind the first: as good as a hash.
      uint64_t value;
      std::memcpy(&value, id.view().data() + 1, sizeof value);
      return value * 0x9e3779b97f4a7c15ull;
    }
  };

  PerShard(net::Shard& its_shard, const ServerOptions& options, size_t shards);
  ~PerShard();

  net::Shard* shard;
  // These three outlive the sessions.
  SessionContext context;
  websocket::DeflateCodec deflate;
  net::TurnBudget compressed_polls;
  boost::unordered_flat_map<SessionId, std::unique_ptr<Link>, Hash> sessions;
  std::atomic<size_t> session_count{0};
  RateLimit::State admission;
  // The addresses whose hash names this shard, whichever shard their connections are on.
  AddressLimiter addresses;
  // Deadlines of handshakes that wait for a decision, by what waits.
  std::unordered_map<const void*, Executor::Timer> undecided;
  std::unique_ptr<Drain> drain;  // once draining

  Link* find(const SessionId& id) {
    const auto it = sessions.find(id);
    return it == sessions.end() ? nullptr : it->second.get();
  }
};

}  // namespace patchbay::engineio
