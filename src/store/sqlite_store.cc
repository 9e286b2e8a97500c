#include "store/sqlite_store.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/secret_box.h"
#include "store/folder_lock.h"
#include "store/sqlite_connection.h"
#include "store/sqlite_schema.h"
#include "store/sqlite_transaction.h"
#include "store/sqlite_writer.h"

namespace patchbay::store {
namespace {

constexpr std::string_view kMagic("SQLite format 3\0", 16);

std::unexpected<Error> refuse_start(std::string message, int error_number = 0) {
  if (error_number != 0) message += " (" + std::generic_category().message(error_number) + ")";
  return fail(ErrorCode::kConfiguration, std::move(message));
}

std::string database_path(const std::string& directory) {
  return (std::filesystem::absolute(directory) / "patchbay.db").string();
}

Status make_folder(const std::string& directory) {
  std::error_code error;
  if (std::filesystem::is_directory(directory, error)) return {};
  if (std::filesystem::exists(directory, error))
    return refuse_start("The data folder " + directory + " is no folder; give another one with --data-dir.");
  const auto parent = std::filesystem::absolute(directory).parent_path();
  std::filesystem::create_directories(parent, error);
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
    return refuse_start("The data folder " + directory + " cannot be made.", errno);
  return {};
}

// Closed to other users from the start; the files that SQLite puts beside it inherit the mode.
Status make_or_recognise_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return refuse_start("The database " + path + " cannot be opened.", errno);
  char head[kMagic.size()] = {};
  const ssize_t size = ::pread(fd, head, sizeof head, 0);
  const int error_number = errno;
  ::close(fd);
  if (size < 0) return refuse_start("The database " + path + " cannot be read.", error_number);
  if (size == 0 || std::string_view(head, static_cast<size_t>(size)) == kMagic) return {};
  return refuse_start(
      "The file " + path +
      " is no database, or its beginning is damaged. Nothing was changed. Restore it from a backup, or "
      "move it away to start anew.");
}

Status configure(Connection& connection, const std::string& path, uint64_t max_pages) {
  const auto mode = connection.query_text("PRAGMA journal_mode = WAL");
  if (!mode || *mode != "wal")
    return fail(
        mode ? ErrorCode::kConfiguration : mode.error().code,
        "The database " + path +
            " cannot use a write-ahead log; the data folder must be on a local file system with free space.",
        mode ? *mode : mode.error().detail);
  PB_TRY(
      connection.execute("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; "
                         "PRAGMA cell_size_check = ON; PRAGMA journal_size_limit = 67108864"));
  if (max_pages > 0) PB_TRY(connection.execute("PRAGMA max_page_count = " + std::to_string(max_pages)));
  return {};
}

// Reader connections, lent one at a time. Thread-safe.
class Readers {
 public:
  explicit Readers(std::vector<std::unique_ptr<Connection>> connections) : free_(std::move(connections)) {}

  std::unique_ptr<Connection> take() {
    std::unique_lock lock(mutex_);
    given_back_.wait(lock, [this] { return !free_.empty(); });
    std::unique_ptr<Connection> connection = std::move(free_.back());
    free_.pop_back();
    return connection;
  }
  void give_back(std::unique_ptr<Connection> connection) {
    {
      const std::lock_guard lock(mutex_);
      free_.push_back(std::move(connection));
    }
    given_back_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable given_back_;
  std::vector<std::unique_ptr<Connection>> free_;  // guarded by mutex_
};

class SqliteStore final : public Store {
 public:
  SqliteStore(FolderLock lock, std::unique_ptr<Connection> writer,
              std::vector<std::unique_ptr<Connection>> readers, const SqliteOptions& options)
      : lock_(std::move(lock)),
        box_(*options.secret_box),
        writer_(std::move(writer), box_,
                {.max_queued = options.max_queued_writes, .max_group = options.max_group}),
        readers_(std::move(readers)) {}
  ~SqliteStore() override { writer_.stop(); }

  void write(WriteFunction function, DoneFunction on_done) override {
    writer_.write(std::move(function), std::move(on_done));
  }
  void flush() override { writer_.flush(); }
  void stop() override { writer_.stop(); }

  StoreMetrics metrics() const override {
    StoreMetrics metrics;
    metrics.reads = reads_;
    writer_.count_into(metrics);
    return metrics;
  }

  Status check_health() override {
    return run_read([](ReadTransaction& tx) -> Status {
      const auto users = tx.count_users();
      if (!users) return std::unexpected(users.error());
      return {};
    });
  }

 protected:
  Status run_read(const ReadFunction& function) override {
    ++reads_;
    const Loan loan(readers_);
    PB_TRY(run(*loan.connection, "BEGIN"));
    const Ending ending(*loan.connection);
    SqliteTransaction transaction(*loan.connection, box_);
    return function(transaction);
  }

 private:
  struct Loan {
    explicit Loan(Readers& from) : readers(from), connection(from.take()) {}
    ~Loan() { readers.give_back(std::move(connection)); }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    Readers& readers;
    std::unique_ptr<Connection> connection;
  };
  struct Ending {
    explicit Ending(Connection& of) : connection(of) {}
    ~Ending() {
      if (connection.in_transaction()) (void)run(connection, "ROLLBACK");
    }
    Ending(const Ending&) = delete;
    Ending& operator=(const Ending&) = delete;
    Connection& connection;
  };
  static Status run(Connection& connection, std::string_view sql) {
    PB_ASSIGN(Statement statement, connection.prepare(sql));
    return statement.run();
  }

  FolderLock lock_;
  const crypto::SecretBox box_;
  // Closed last: only a connection that may write takes the write-ahead log into the database when it ends.
  SqliteWriter writer_;
  Readers readers_;
  std::atomic<uint64_t> reads_{0};
};

}  // namespace

bool sqlite_store_exists(const std::string& directory) {
  std::error_code error;
  const auto size = std::filesystem::file_size(database_path(directory), error);
  return !error && size > 0;
}

Result<std::unique_ptr<Store>> open_sqlite_store(const SqliteOptions& options) {
  if (options.secret_box == nullptr) return refuse_start("The store needs a master key.");
  PB_TRY(make_folder(options.directory));
  PB_ASSIGN(FolderLock lock, FolderLock::take(options.directory));
  const std::string path = database_path(options.directory);
  PB_TRY(make_or_recognise_file(path));

  PB_ASSIGN(auto writer, Connection::open(path, Connection::Mode::kReadWrite));
  // Looked at before it is put into write-ahead mode: what is refused stays as it was.
  if (sqlite_store_exists(options.directory)) PB_TRY(check_schema(*writer, path));
  PB_TRY(configure(*writer, path, options.max_pages));
  PB_TRY(update_schema(*writer, path, *options.secret_box));

  std::vector<std::unique_ptr<Connection>> readers;
  for (size_t i = 0; i < std::clamp<size_t>(options.readers, 1, 64); ++i) {
    PB_ASSIGN(auto reader, Connection::open(path, Connection::Mode::kReadOnly));
    readers.push_back(std::move(reader));
  }
  return std::make_unique<SqliteStore>(std::move(lock), std::move(writer), std::move(readers), options);
}

}  // namespace patchbay::store
