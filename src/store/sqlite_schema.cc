#include "store/sqlite_schema.h"

#include <charconv>
#include <filesystem>
#include <iterator>

#include "base/log.h"

namespace patchbay::store {
namespace {

// "PtBy", in the header of the file: tells our databases from those of other programs.
constexpr int64_t kApplicationId = 0x50744279;
// A whole quick_check reads the file once; past this size it would delay the start by seconds.
constexpr uintmax_t kMaxCheckedBytes = 256 * 1024 * 1024;
constexpr std::string_view kMasterKeyCheck = "master_key_check";
constexpr std::string_view kMasterKeyWord = "patchbay";

// Never changed once released; a new entry is appended instead. Times are milliseconds since 1970, UTC.
constexpr const char* kMigrations[] = {
    // 1: the beginning
    R"sql(
CREATE TABLE meta (
  name  TEXT PRIMARY KEY NOT NULL,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE subscriptions (
  id               TEXT PRIMARY KEY NOT NULL,
  name             TEXT NOT NULL,
  tier             TEXT NOT NULL,
  max_instances    INTEGER NOT NULL,
  is_active        INTEGER NOT NULL CHECK (is_active IN (0, 1)),
  monthly_messages INTEGER NOT NULL,
  last_usage_reset INTEGER,
  created_at       INTEGER NOT NULL,
  updated_at       INTEGER NOT NULL
) STRICT;

CREATE TABLE users (
  number            INTEGER PRIMARY KEY,
  id                TEXT NOT NULL UNIQUE,
  email             TEXT NOT NULL UNIQUE,
  name              TEXT NOT NULL,
  password_hash     TEXT NOT NULL,
  role              TEXT NOT NULL CHECK (role IN ('ADMINISTRATOR', 'USER')),
  subscription_id   TEXT NOT NULL REFERENCES subscriptions (id) ON DELETE CASCADE,
  is_active         INTEGER NOT NULL CHECK (is_active IN (0, 1)),
  token_version     INTEGER NOT NULL,
  tokens_valid_from INTEGER NOT NULL,
  created_at        INTEGER NOT NULL,
  updated_at        INTEGER NOT NULL,
  last_login_at     INTEGER
) STRICT;
CREATE INDEX users_of_subscription ON users (subscription_id, created_at);

CREATE TABLE instances (
  number               INTEGER PRIMARY KEY,
  id                   TEXT NOT NULL UNIQUE,
  subscription_id      TEXT NOT NULL REFERENCES subscriptions (id) ON DELETE CASCADE,
  created_by_id        TEXT NOT NULL REFERENCES users (id),
  created_at           INTEGER NOT NULL,
  updated_at           INTEGER NOT NULL,
  last_seq             INTEGER NOT NULL DEFAULT 0,
  name                 TEXT NOT NULL,
  description          TEXT NOT NULL,
  settings             TEXT NOT NULL,
  metadata             TEXT NOT NULL,
  is_active            INTEGER NOT NULL CHECK (is_active IN (0, 1)),
  status               TEXT NOT NULL,
  desired_state        TEXT NOT NULL,
  status_since         INTEGER NOT NULL,
  phone                TEXT,
  display_name         TEXT,
  last_connected_at    INTEGER,
  last_disconnected_at INTEGER,
  qr_code              TEXT,
  qr_code_expiry       INTEGER,
  connection_attempts  INTEGER NOT NULL,
  last_error           TEXT,
  last_error_at        INTEGER,
  reason_code          TEXT NOT NULL,
  reason_text          TEXT NOT NULL,
  next_step            TEXT NOT NULL,
  next_step_text       TEXT NOT NULL,
  next_step_at         INTEGER,
  UNIQUE (subscription_id, name)
) STRICT;
CREATE INDEX instances_of_subscription ON instances (subscription_id, created_at);
CREATE INDEX instances_of_creator ON instances (created_by_id, created_at);

CREATE TABLE credentials (
  instance_id TEXT PRIMARY KEY NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
  sealed      BLOB NOT NULL
) STRICT;

CREATE TABLE events (
  instance INTEGER NOT NULL REFERENCES instances (number) ON DELETE CASCADE,
  seq      INTEGER NOT NULL,
  time     INTEGER NOT NULL,
  type     TEXT NOT NULL,
  payload  TEXT NOT NULL,
  PRIMARY KEY (instance, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
  number       INTEGER PRIMARY KEY,
  id           TEXT NOT NULL UNIQUE,
  instance_id  TEXT NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
  name         TEXT NOT NULL,
  key_hash     TEXT NOT NULL UNIQUE,
  sealed_key   BLOB NOT NULL,
  permissions  TEXT NOT NULL,
  is_active    INTEGER NOT NULL CHECK (is_active IN (0, 1)),
  rate_limit   INTEGER NOT NULL,
  usage_count  INTEGER NOT NULL,
  created_at   INTEGER NOT NULL,
  updated_at   INTEGER NOT NULL,
  expires_at   INTEGER,
  last_used_at INTEGER
) STRICT;
CREATE INDEX api_keys_of_instance ON api_keys (instance_id, created_at);

CREATE TABLE audit_log (
  number      INTEGER PRIMARY KEY AUTOINCREMENT,
  id          TEXT NOT NULL,
  action      TEXT NOT NULL,
  resource    TEXT NOT NULL,
  resource_id TEXT,
  user_id     TEXT,
  ip_address  TEXT,
  time        INTEGER NOT NULL
) STRICT;
)sql",
    // 2: a proxy for each instance
    R"sql(
CREATE TABLE proxies (
  instance_id TEXT PRIMARY KEY NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
  sealed      BLOB NOT NULL
) STRICT;
)sql",
    // 3: what came over WhatsApp and waits to be read; counted, because an instance may hold only so much
    R"sql(
CREATE TABLE held_stanzas (
  number      INTEGER PRIMARY KEY,
  id          TEXT NOT NULL UNIQUE,
  instance_id TEXT NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
  received_at INTEGER NOT NULL,
  is_message  INTEGER NOT NULL CHECK (is_message IN (0, 1)),
  sealed      BLOB NOT NULL
) STRICT;
CREATE INDEX held_stanzas_of_instance ON held_stanzas (instance_id, number);
ALTER TABLE instances ADD COLUMN held_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE instances ADD COLUMN held_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE instances ADD COLUMN held_messages INTEGER NOT NULL DEFAULT 0;
)sql",
};

std::unexpected<Error> refuse_schema(std::string message, std::string detail = {}) {
  return fail(ErrorCode::kConfiguration, std::move(message), std::move(detail));
}

std::string damaged(const std::string& path) {
  return "The database " + path +
         " is damaged. Nothing was changed. Stop the server, keep a copy of the file (with its -wal and -shm "
         "beside "
         "it), and restore the newest backup; without a backup, `sqlite3 " +
         path + " .recover` saves what can be read.";
}

Result<int64_t> query_number(Connection& connection, const std::string& sql) {
  PB_ASSIGN(const std::string text, connection.query_text(sql));
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

Status check_integrity(Connection& connection, const std::string& path) {
  std::error_code error;
  const uintmax_t size = std::filesystem::file_size(path, error);
  if (!error && size > kMaxCheckedBytes) {
    log::info("skipped the full check of a large database", {{"file", path}, {"bytes", uint64_t{size}}});
    return {};
  }
  const Result<std::string> verdict = connection.query_text("PRAGMA quick_check(1)");
  if (!verdict) return refuse_schema(damaged(path), verdict.error().detail);
  if (*verdict != "ok") return refuse_schema(damaged(path), *verdict);
  return {};
}

Status migrate(Connection& connection, int64_t from) {
  for (int64_t version = from; version < latest_schema_version(); ++version) {
    PB_TRY(connection.execute("BEGIN IMMEDIATE"));
    Status status = connection.execute(kMigrations[version]);
    if (status) status = connection.execute("PRAGMA application_id = " + std::to_string(kApplicationId));
    if (status) status = connection.execute("PRAGMA user_version = " + std::to_string(version + 1));
    if (status) status = connection.execute("COMMIT");
    if (!status) {
      if (connection.in_transaction()) (void)connection.execute("ROLLBACK");
      return status;
    }
    log::info("brought the database up to date", {{"version", version + 1}});
  }
  return {};
}

Result<std::optional<std::string>> find_master_key_check(Connection& connection) {
  PB_ASSIGN(Statement find, connection.prepare("SELECT value FROM meta WHERE name = ?1"));
  PB_ASSIGN(const bool row, find.bind(kMasterKeyCheck).step());
  if (!row) return std::nullopt;
  return find.blob();
}

Status check_master_key(Connection& connection, const std::string& path, const crypto::SecretBox& box) {
  PB_ASSIGN(const auto sealed, find_master_key_check(connection));
  if (!sealed) return put_master_key_check(connection, box);
  PB_ASSIGN(const bool fits, is_master_key(connection, box));
  if (fits) return {};
  return refuse_schema(
      "The database " + path +
      " was made under another master key. Give the key it was made with (PATCHBAY_MASTER_KEY or the key "
      "file beside the database), or restore both from the same backup.");
}

}  // namespace

int latest_schema_version() {
  return static_cast<int>(std::size(kMigrations));
}

Result<bool> is_master_key(Connection& connection, const crypto::SecretBox& box) {
  PB_ASSIGN(const auto sealed, find_master_key_check(connection));
  if (!sealed) return true;
  const auto word = box.open(*sealed, kMasterKeyCheck);
  return word && *word == kMasterKeyWord;
}

Status put_master_key_check(Connection& connection, const crypto::SecretBox& box) {
  PB_ASSIGN(Statement put, connection.prepare("INSERT INTO meta (name, value) VALUES (?1, ?2) "
                                              "ON CONFLICT (name) DO UPDATE SET value = excluded.value"));
  return put.bind(kMasterKeyCheck, Blob{box.seal(kMasterKeyWord, kMasterKeyCheck)}).run();
}

Status check_schema(Connection& connection, const std::string& path) {
  const auto version = query_number(connection, "PRAGMA user_version");
  if (!version) return refuse_schema(damaged(path), version.error().detail);
  const auto application = query_number(connection, "PRAGMA application_id");
  if (!application) return refuse_schema(damaged(path), application.error().detail);
  const auto objects = query_number(connection, "SELECT count(*) FROM sqlite_schema");
  if (!objects) return refuse_schema(damaged(path), objects.error().detail);

  const bool is_new = *version == 0 && *application == 0 && *objects == 0;
  if (!is_new && *application != kApplicationId)
    return refuse_schema(
        "The file " + path +
        " is a database of another program. Give another data folder, or move the file away.");
  if (*version > latest_schema_version())
    return refuse_schema(
        "The database " + path + " has version " + std::to_string(*version) +
        ", written by a newer Patchbay; this one understands version " +
        std::to_string(latest_schema_version()) +
        ". Start the newer program, or restore a backup made before the upgrade. Nothing was changed.");
  return check_integrity(connection, path);
}

Status update_schema(Connection& connection, const std::string& path, const crypto::SecretBox& box) {
  PB_ASSIGN(const int64_t version, query_number(connection, "PRAGMA user_version"));
  PB_TRY(migrate(connection, version));
  return check_master_key(connection, path, box);
}

}  // namespace patchbay::store
