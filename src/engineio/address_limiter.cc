#include "engineio/address_limiter.h"

#include <algorithm>
#include <cstring>
#include <string>

#include <arpa/inet.h>

#include "base/ids.h"

namespace patchbay::engineio {

size_t AddressKey::hash() const {
  // Keyed, so that nobody can choose addresses that collide.
  static const uint64_t key = random_u64() | 1;
  uint64_t high, low;
  std::memcpy(&high, bytes.data(), sizeof high);
  std::memcpy(&low, bytes.data() + 8, sizeof low);
  uint64_t mixed = (high ^ key) * 0x9e3779b97f4a7c15ull;
  mixed = (mixed ^ (mixed >> 32) ^ low) * key;
  mixed = (mixed ^ (mixed >> 29)) * 0xbf58476d1ce4e5b9ull;
  return mixed ^ (mixed >> 32);
}

std::optional<AddressKey> address_key(std::string_view numeric) {
  const std::string text(numeric.substr(0, std::min(numeric.find('%'), size_t{64})));
  constexpr std::array<uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  AddressKey key;
  if (in_addr v4{}; inet_pton(AF_INET, text.c_str(), &v4) == 1) {
    std::ranges::copy(kMapped, key.bytes.begin());
    std::memcpy(key.bytes.data() + 12, &v4, 4);
    return key;
  }
  in6_addr v6{};
  if (inet_pton(AF_INET6, text.c_str(), &v6) != 1) return std::nullopt;
  const bool mapped = std::memcmp(&v6, kMapped.data(), kMapped.size()) == 0;
  std::memcpy(key.bytes.data(), &v6, mapped ? 16 : 8);
  return key;
}

AddressLimiter::AddressLimiter(RateLimit limit, size_t max_addresses)
    : limit_(limit), max_addresses_(std::max<size_t>(max_addresses, 1)) {}

Milliseconds AddressLimiter::admit(const AddressKey& address, SteadyTime now) {
  if (limit_.unlimited()) return Milliseconds(0);
  auto it = by_address_.find(address);
  if (it != by_address_.end()) {
    by_age_.splice(by_age_.begin(), by_age_, it->second);
  } else {
    if (by_age_.size() == max_addresses_) {
      by_address_.erase(by_age_.back().address);
      by_age_.pop_back();
    }
    by_age_.push_front({.address = address, .state = {}});
    by_address_.emplace(address, by_age_.begin());
  }
  Entry& entry = by_age_.front();
  if (limit_.take(entry.state, now)) return Milliseconds(0);
  return std::max(limit_.wait(entry.state, now), Milliseconds(1));
}

}  // namespace patchbay::engineio
