// Every column whose values are encrypted under the master key, with the context each value is bound to. What
// is not listed here is not re-encrypted when the key changes. Internal to the module. Constants; any thread.
#pragma once

#include <string>
#include <string_view>

namespace patchbay::store {

struct SealedColumn {
  const char* table;
  const char* id;      // the column that names the row
  const char* column;  // a BLOB
  const char* context;

  std::string context_of(std::string_view row) const { return context + std::string(row); }
};

inline constexpr SealedColumn kSealedCredentials{"credentials", "instance_id", "sealed", "credentials:"};
inline constexpr SealedColumn kSealedApiKeys{"api_keys", "id", "sealed_key", "api-key:"};
inline constexpr SealedColumn kSealedProxies{"proxies", "instance_id", "sealed", "proxy:"};
inline constexpr SealedColumn kSealedHeldStanzas{"held_stanzas", "id", "sealed", "held-stanza:"};
inline constexpr SealedColumn kSealedColumns[] = {kSealedCredentials, kSealedApiKeys, kSealedProxies,
                                                  kSealedHeldStanzas};

}  // namespace patchbay::store
