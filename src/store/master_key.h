// The database of a stopped server, while its master key is changed: which key it is encrypted under, and
// everything encrypted again under another one. The files that hold keys are not its business. Holds the
// folder's lock as long as it lives. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

namespace patchbay::crypto {
class SecretBox;
}

namespace patchbay::store {

class StoppedDatabase {
 public:
  // kConfiguration: no database there, a server uses it, or it is none that a server would start with.
  static Result<std::unique_ptr<StoppedDatabase>> open(const std::string& directory);
  virtual ~StoppedDatabase() = default;
  StoppedDatabase() = default;
  StoppedDatabase(const StoppedDatabase&) = delete;
  StoppedDatabase& operator=(const StoppedDatabase&) = delete;

  // Whether `box` is the key it is encrypted under.
  virtual Result<bool> is_under(const crypto::SecretBox& box) = 0;

  struct Rekeyed {
    int64_t values = 0;
    // Could not be read under the old key, by nobody; they stay as they are.
    int64_t unreadable = 0;
  };
  // In one transaction: durable and whole, or not at all. `from` must be the key it is under.
  virtual Result<Rekeyed> rekey(const crypto::SecretBox& from, const crypto::SecretBox& to) = 0;
};

}  // namespace patchbay::store
