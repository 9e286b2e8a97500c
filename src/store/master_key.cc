#include "store/master_key.h"

#include <filesystem>
#include <optional>
#include <utility>

#include "base/log.h"
#include "crypto/secret_box.h"
#include "store/folder_lock.h"
#include "store/sealed_columns.h"
#include "store/sqlite_connection.h"
#include "store/sqlite_schema.h"
#include "store/sqlite_store.h"

namespace patchbay::store {
namespace {

class StoppedSqlite final : public StoppedDatabase {
 public:
  StoppedSqlite(FolderLock lock, std::unique_ptr<Connection> connection, std::string path)
      : lock_(std::move(lock)), connection_(std::move(connection)), path_(std::move(path)) {}

  Result<bool> is_under(const crypto::SecretBox& box) override { return is_master_key(*connection_, box); }

  Result<Rekeyed> rekey(const crypto::SecretBox& from, const crypto::SecretBox& to) override {
    // What was encrypted under the old key does not linger in free pages.
    PB_TRY(connection_->execute("PRAGMA synchronous = FULL; PRAGMA secure_delete = ON"));
    PB_TRY(update_schema(*connection_, path_, from));
    PB_TRY(connection_->execute("BEGIN IMMEDIATE"));
    auto done = rekey_all(from, to);
    if (done) {
      if (Status committed = connection_->execute("COMMIT"); !committed)
        done = std::unexpected(std::move(committed).error());
    }
    if (!done) {
      if (connection_->in_transaction()) (void)connection_->execute("ROLLBACK");
      return done;
    }
    // Nor in the write-ahead log. What was committed is durable without it.
    if (const Status emptied = connection_->execute("PRAGMA wal_checkpoint(TRUNCATE)"); !emptied)
      log::warning("the write-ahead log could not be emptied", {{"error", emptied.error().detail}});
    return done;
  }

 private:
  Result<Rekeyed> rekey_all(const crypto::SecretBox& from, const crypto::SecretBox& to) {
    Rekeyed total;
    for (const SealedColumn& column : kSealedColumns) PB_TRY(rekey_column(column, from, to, total));
    PB_TRY(put_master_key_check(*connection_, to));
    return total;
  }

  // Row by row in the order of the ids, so that memory does not grow with the table.
  Status rekey_column(const SealedColumn& column, const crypto::SecretBox& from, const crypto::SecretBox& to,
                      Rekeyed& total) {
    const std::string id = column.id;
    const std::string select = "SELECT " + id + ", " + column.column + " FROM " + column.table + " WHERE " +
                               id + " > ?1 ORDER BY " + id + " LIMIT 1";
    const std::string update =
        "UPDATE " + std::string(column.table) + " SET " + column.column + " = ?2 WHERE " + id + " = ?1";
    for (std::string row;;) {
      std::string sealed;
      {
        PB_ASSIGN(Statement next, connection_->prepare(select));
        PB_ASSIGN(const bool found, next.bind(row).step());
        if (!found) return {};
        row = next.text();
        sealed = next.blob();
      }
      auto value = from.open(sealed, column.context_of(row));
      if (!value) {
        ++total.unreadable;
        log::warning("an encrypted value cannot be read and stays as it is",
                     {{"table", column.table}, {"id", row}});
        continue;
      }
      PB_ASSIGN(Statement put, connection_->prepare(update));
      PB_TRY(put.bind(row, Blob{to.seal(*value, column.context_of(row))}).run());
      ++total.values;
    }
  }

  FolderLock lock_;
  std::unique_ptr<Connection> connection_;
  const std::string path_;
};

}  // namespace

Result<std::unique_ptr<StoppedDatabase>> StoppedDatabase::open(const std::string& directory) {
  const std::string path = (std::filesystem::absolute(directory) / "patchbay.db").string();
  if (!sqlite_store_exists(directory))
    return fail(ErrorCode::kConfiguration, "There is no database in the data folder " + directory +
                                               "; name the right one with --data-dir.");
  PB_ASSIGN(FolderLock lock, FolderLock::take(directory));
  PB_ASSIGN(auto connection, Connection::open(path, Connection::Mode::kReadWrite));
  PB_TRY(check_schema(*connection, path));
  return std::make_unique<StoppedSqlite>(std::move(lock), std::move(connection), path);
}

}  // namespace patchbay::store
