// How often one address may open sessions: a token bucket each, in a table that holds a fixed number of them
// and lets the one go that was seen longest ago. An IPv6 address counts as its /64, which one customer gets
// whole. Time is passed in. Shard-local.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "engineio/rate_limit.h"

namespace patchbay::engineio {

// What counts as one address: IPv4 as it is (also when it comes as ::ffff:a.b.c.d), IPv6 by its first 64
// bits.
struct AddressKey {
  std::array<uint8_t, 16> bytes{};
  bool operator==(const AddressKey&) const = default;
  size_t hash() const;
};
// Nothing unless `numeric` is an address; a zone ("%eth0") is cut off.
std::optional<AddressKey> address_key(std::string_view numeric);

class AddressLimiter {
 public:
  AddressLimiter(RateLimit limit, size_t max_addresses);

  // One session more from there. Zero: let it in. Otherwise how long it should wait.
  Milliseconds admit(const AddressKey& address, SteadyTime now);
  size_t size() const { return by_age_.size(); }

 private:
  struct Entry {
    AddressKey address;
    RateLimit::State state;
  };
  struct Hash {
    size_t operator()(const AddressKey& key) const { return key.hash(); }
  };

  const RateLimit limit_;
  const size_t max_addresses_;
  std::list<Entry> by_age_;  // seen last in front
  std::unordered_map<AddressKey, std::list<Entry>::iterator, Hash> by_address_;
};

}  // namespace patchbay::engineio
