// The client profile of the whole server (whatsapp/client_profile.h), as administrators read and change it:
// kept in one JSON file of the fields that somebody chose, read at start and by reload(), replaced there as a
// whole before a change takes effect. Not here: what the fields mean, who uses them. Thread-safe; change()
// and reload() block on the disk: not on a shard.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "whatsapp/client_profile.h"

namespace patchbay::store {
class Store;
}

namespace patchbay::manager {

struct Caller;

// The profile in that file; the built-in one where there is no file and none is `required`. kConfiguration
// says what is wrong with a file that cannot be used: it is never replaced silently.
Result<whatsapp::ClientProfile> load_client_profile(const std::string& path, bool required);

class ClientProfiles {
 public:
  // What is referred to outlives this object. `on_change` is called after a change took effect; thread-safe.
  ClientProfiles(whatsapp::ProfileSource& source, std::string path, store::Store& store, const Clock& clock,
                 std::function<void()> on_change);

  // The profile in force, as a JSON object.
  std::string get() const;
  // Administrators only. `json` holds the fields to change; kValidation names a wrong one. Returns what is in
  // force now. Nothing has changed when it fails.
  Result<std::string> change(const Caller& caller, std::string_view json);
  // What the file says now; kConfiguration, and the profile stays, when it cannot be used.
  Status reload();

 private:
  whatsapp::ProfileSource& source_;
  const std::string path_;
  store::Store& store_;
  const Clock& clock_;
  const std::function<void()> on_change_;
  std::mutex mutex_;  // one change at a time
};

}  // namespace patchbay::manager
