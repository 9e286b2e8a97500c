// The tables, as numbered migrations that are part of the program, and the checks before they are trusted.
// Internal to the store; start-up only.
#pragma once

#include <string>

#include "base/result.h"
#include "crypto/secret_box.h"
#include "store/sqlite_connection.h"

namespace patchbay::store {

// The version this program writes.
int latest_schema_version();

// Refuses (kConfiguration, with what to do) what is damaged, belongs to another program, or was written by a
// newer version. Changes nothing. `path` is for messages, here and below.
Status check_schema(Connection& connection, const std::string& path);

// Brings an older or empty database up to date, each step in its own transaction, and refuses one that was
// made under another master key.
Status update_schema(Connection& connection, const std::string& path, const crypto::SecretBox& box);

// A known word is kept sealed, so that a wrong master key is found at the start and not at the first secret.
// Whether `box` opens it; true for a database that has none yet.
Result<bool> is_master_key(Connection& connection, const crypto::SecretBox& box);
// Seals it anew.
Status put_master_key_check(Connection& connection, const crypto::SecretBox& box);

}  // namespace patchbay::store
