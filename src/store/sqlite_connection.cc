#include "store/sqlite_connection.h"

#include <cerrno>

#include <sqlite3.h>

namespace patchbay::store {
namespace {

// Other processes (a backup, an operator's shell) may hold the file for a moment.
constexpr int kBusyTimeoutMs = 5'000;

bool means_disk_full(sqlite3* database, int code) {
  if ((code & 0xff) == SQLITE_FULL || code == SQLITE_IOERR_SHMSIZE) return true;
  if ((code & 0xff) != SQLITE_IOERR || database == nullptr) return false;
  const int error_number = sqlite3_system_errno(database);
  return error_number == ENOSPC || error_number == EDQUOT;
}

}  // namespace

Error sqlite_error(sqlite3* database, int code) {
  std::string detail = "sqlite " + std::to_string(code) + ": " +
                       (database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(code));
  if (means_disk_full(database, code))
    return {ErrorCode::kStorageFull, "The disk that holds the database is full; nothing was changed.",
            std::move(detail)};
  return {ErrorCode::kDatabase, "The database could not carry out the request.", std::move(detail)};
}

Statement::~Statement() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Result<bool> Statement::step() {
  column_ = 0;
  code_ = sqlite3_step(statement_);
  if (code_ == SQLITE_ROW) return true;
  if (code_ == SQLITE_DONE) return false;
  code_ = sqlite3_extended_errcode(database_);
  return std::unexpected(sqlite_error(database_, code_));
}

Status Statement::run() {
  const Result<bool> row = step();
  if (!row) return std::unexpected(row.error());
  return {};
}

int64_t Statement::changes() const {
  return sqlite3_changes64(database_);
}
bool Statement::broke_unique() const {
  return code_ == SQLITE_CONSTRAINT_UNIQUE || code_ == SQLITE_CONSTRAINT_PRIMARYKEY;
}
bool Statement::broke_foreign_key() const {
  return code_ == SQLITE_CONSTRAINT_FOREIGNKEY;
}

std::string Statement::text() {
  const int column = column_++;
  const void* const data = sqlite3_column_blob(statement_, column);
  const auto size = static_cast<size_t>(sqlite3_column_bytes(statement_, column));
  return data == nullptr ? std::string() : std::string(static_cast<const char*>(data), size);
}

std::optional<std::string> Statement::optional_text() {
  if (sqlite3_column_type(statement_, column_) == SQLITE_NULL) {
    ++column_;
    return std::nullopt;
  }
  return text();
}

int64_t Statement::integer() {
  return sqlite3_column_int64(statement_, column_++);
}

std::optional<WallTime> Statement::optional_time() {
  if (sqlite3_column_type(statement_, column_) == SQLITE_NULL) {
    ++column_;
    return std::nullopt;
  }
  return time();
}

// The four below fail only for a wrong index or without memory; step() then fails or the constraint does.
void Statement::bind_one(int index, std::string_view value) {
  sqlite3_bind_text64(statement_, index, value.data() == nullptr ? "" : value.data(), value.size(),
                      SQLITE_TRANSIENT, SQLITE_UTF8);
}
void Statement::bind_one(int index, Blob value) {
  sqlite3_bind_blob64(statement_, index, value.bytes.data() == nullptr ? "" : value.bytes.data(),
                      value.bytes.size(), SQLITE_TRANSIENT);
}
void Statement::bind_one(int index, int64_t value) {
  sqlite3_bind_int64(statement_, index, value);
}
void Statement::bind_null(int index) {
  sqlite3_bind_null(statement_, index);
}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path, Mode mode) {
  sqlite3* database = nullptr;
  const int access = mode == Mode::kReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  const int code =
      sqlite3_open_v2(path.c_str(), &database, access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  std::unique_ptr<Connection> connection(new Connection(database));
  if (code != SQLITE_OK) return std::unexpected(sqlite_error(database, code));
  sqlite3_busy_timeout(database, kBusyTimeoutMs);
  sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return connection;
}

Connection::~Connection() {
  for (const auto& [sql, statement] : cache_) sqlite3_finalize(statement);
  sqlite3_close_v2(database_);
}

Result<Statement> Connection::prepare(std::string_view sql) {
  if (const auto found = cache_.find(sql); found != cache_.end()) return Statement(database_, found->second);
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(database_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return std::unexpected(sqlite_error(database_, code));
  cache_.emplace(sql, statement);
  return Statement(database_, statement);
}

Status Connection::execute(const std::string& sql) {
  const int code = sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return std::unexpected(sqlite_error(database_, code));
  return {};
}

Result<std::string> Connection::query_text(const std::string& sql) {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v2(database_, sql.c_str(), -1, &raw, nullptr);
  if (code != SQLITE_OK) return std::unexpected(sqlite_error(database_, code));
  std::string text;
  Status status;
  {
    Statement statement(database_, raw);
    const Result<bool> row = statement.step();
    if (!row)
      status = std::unexpected(row.error());
    else if (*row)
      text = statement.text();
  }
  sqlite3_finalize(raw);
  PB_TRY(status);
  return text;
}

bool Connection::in_transaction() const {
  return sqlite3_get_autocommit(database_) == 0;
}

}  // namespace patchbay::store
