// The store on SQLite: one file in write-ahead mode with full synchronisation, one writer connection, a pool
// of readers. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "store/store.h"

namespace patchbay::crypto {
class SecretBox;
}

namespace patchbay::store {

struct SqliteOptions {
  // The folder of the database; made (mode 0700) when it is missing. The file is patchbay.db.
  std::string directory;
  // Encrypts keys and credentials at rest; outlives the store.
  const crypto::SecretBox* secret_box = nullptr;
  size_t readers = 4;                 // connections, 1 … 64
  size_t max_queued_writes = 10'000;  // past it write() refuses
  size_t max_group = 512;             // closures in one commit
  uint64_t max_pages = 0;             // of 4,096 bytes; 0: as large as the disk allows
};

// Opens or creates the database, brings its schema up to date, checks it, locks it against other processes,
// and starts the writer thread. kConfiguration with what to do about it: a damaged file, a file that is no
// database of ours, one written by a newer version, one in use by another process, one made under another
// master key.
Result<std::unique_ptr<Store>> open_sqlite_store(const SqliteOptions& options);

// Whether the folder holds a database already. Ask before secrets are generated: a database that depends on a
// secret must not get a new one.
bool sqlite_store_exists(const std::string& directory);

}  // namespace patchbay::store
