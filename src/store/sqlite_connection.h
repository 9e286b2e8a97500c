// A connection to an SQLite file and its cached prepared statements, with failures as values. Internal to the
// store. A connection belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace patchbay::store {

// Octets rather than text.
struct Blob {
  std::string_view bytes;
};

// A cached statement on loan; given back, reset and without bindings, when it goes out of scope. A statement
// is on loan at most once at a time.
class Statement {
 public:
  Statement(sqlite3* database, sqlite3_stmt* statement) : database_(database), statement_(statement) {}
  Statement(Statement&& other) noexcept
      : database_(other.database_),
        statement_(std::exchange(other.statement_, nullptr)),
        column_(other.column_),
        code_(other.code_) {}
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  // To the parameters ?1, ?2, … in turn. Values are copied.
  template <typename... Values>
  Statement& bind(const Values&... values) {
    int index = 0;
    (bind_one(++index, values), ...);
    return *this;
  }

  // True: a row is there to be read. False: done.
  Result<bool> step();
  // For statements without rows.
  Status run();
  // Rows changed by the last run().
  int64_t changes() const;
  // SQLite's extended result code of the last step().
  int code() const { return code_; }
  bool broke_unique() const;
  bool broke_foreign_key() const;

  // Columns of the row, from left to right: each call reads the next one.
  std::string text();
  std::string blob() { return text(); }
  std::optional<std::string> optional_text();
  int64_t integer();
  bool boolean() { return integer() != 0; }
  WallTime time() { return from_unix_ms(integer()); }
  std::optional<WallTime> optional_time();

 private:
  void bind_one(int index, std::string_view value);
  void bind_one(int index, const char* value) { bind_one(index, std::string_view(value)); }
  void bind_one(int index, const std::string& value) { bind_one(index, std::string_view(value)); }
  void bind_one(int index, Blob value);
  void bind_one(int index, int64_t value);
  void bind_one(int index, uint64_t value) { bind_one(index, static_cast<int64_t>(value)); }
  void bind_one(int index, bool value) { bind_one(index, int64_t{value}); }
  void bind_one(int index, WallTime value) { bind_one(index, int64_t{to_unix_ms(value)}); }
  void bind_one(int index, std::nullopt_t) { bind_null(index); }
  template <typename T>
  void bind_one(int index, const std::optional<T>& value) {
    if (value)
      bind_one(index, *value);
    else
      bind_null(index);
  }
  void bind_null(int index);

  sqlite3* database_;
  sqlite3_stmt* statement_;
  int column_ = 0;
  int code_ = 0;
};

class Connection {
 public:
  enum class Mode { kReadWrite, kReadOnly };
  // The file must exist.
  static Result<std::unique_ptr<Connection>> open(const std::string& path, Mode mode);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Prepares at the first use of this text, later from the cache. `sql` comes from this program, never from
  // outside.
  Result<Statement> prepare(std::string_view sql);
  // One or several statements without parameters, not cached.
  Status execute(const std::string& sql);
  // The first column of the first row of a pragma or query.
  Result<std::string> query_text(const std::string& sql);
  // Whether a transaction is open; SQLite ends one by itself on some failures.
  bool in_transaction() const;
  sqlite3* handle() const { return database_; }

 private:
  explicit Connection(sqlite3* database) : database_(database) {}
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  sqlite3* database_;
  std::unordered_map<std::string, sqlite3_stmt*, TextHash, std::equal_to<>> cache_;
};

// What a failure of SQLite means to us: kStorageFull or kDatabase, with its words in `detail`.
Error sqlite_error(sqlite3* database, int code);

}  // namespace patchbay::store
