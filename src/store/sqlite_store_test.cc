#include "store/sqlite_store.h"

#include <fstream>
#include <iterator>

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/sqlite_schema.h"
#include "store/temporary_store.h"

namespace patchbay::store {
namespace {

const crypto::SecretBox kBox = *crypto::SecretBox::from_text(std::string(64, 'a'));

class SqliteStoreOpening : public testing::Test {
 protected:
  std::string database() const { return folder_.file("patchbay.db"); }
  Result<std::unique_ptr<Store>> open(const crypto::SecretBox& box = kBox) const {
    return open_sqlite_store({.directory = folder_.path(), .secret_box = &box});
  }
  void run_sql(const std::string& sql) const {
    sqlite3* database_handle = nullptr;
    ASSERT_EQ(sqlite3_open(database().c_str(), &database_handle), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(database_handle, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(database_handle);
    sqlite3_close(database_handle);
  }
  std::string bytes() const {
    std::ifstream file(database(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void make_and_close() const {
    auto store = open();
    ASSERT_TRUE(store) << store.error().message;
    ASSERT_TRUE((*store)->write_sync([](WriteTransaction& tx) { return fill(tx); }));
  }
  void expect_refused(std::string_view words, const crypto::SecretBox& box = kBox) const {
    const auto store = open(box);
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, ErrorCode::kConfiguration) << store.error().message;
    EXPECT_NE(store.error().message.find(words), std::string::npos) << store.error().message;
    EXPECT_NE(store.error().message.find(folder_.path()), std::string::npos) << "which file?";
  }

  TemporaryFolder folder_;
};

TEST_F(SqliteStoreOpening, ANewFolderIsMadeAndClosedToOtherUsers) {
  const std::string directory = folder_.file("new/data");
  const auto store = open_sqlite_store({.directory = directory, .secret_box = &kBox});
  ASSERT_TRUE(store) << store.error().message;
  struct stat status{};
  ASSERT_EQ(stat(directory.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
  for (const char* const name : {"/patchbay.db", "/patchbay.db-wal", "/patchbay.db-shm", "/patchbay.lock"}) {
    ASSERT_EQ(stat((directory + name).c_str(), &status), 0) << name;
    EXPECT_EQ(status.st_mode & 0077, 0u) << name;
  }
}

TEST_F(SqliteStoreOpening, WhatWasWrittenIsThereAfterAStopAndAStart) {
  EXPECT_FALSE(sqlite_store_exists(folder_.path()));
  make_and_close();
  EXPECT_TRUE(sqlite_store_exists(folder_.path()));
  const auto store = open();
  ASSERT_TRUE(store) << store.error().message;
  const auto user = (*store)->read([](ReadTransaction& tx) { return tx.user("u1"); });
  ASSERT_TRUE(user && *user);
  EXPECT_EQ((*user)->email, "u1@example.com");
}

TEST_F(SqliteStoreOpening, AfterAnOrderlyStopTheDatabaseIsOneFile) {
  make_and_close();
  EXPECT_FALSE(std::filesystem::exists(database() + "-wal"));
  EXPECT_NE(bytes().find("u1@example.com"), std::string::npos);
}

TEST_F(SqliteStoreOpening, AFileThatIsNoDatabaseIsRefusedAndLeftAlone) {
  for (const std::string& garbage :
       {std::string(5'000, 'g'), std::string("SQLite format"), std::string(1, '\0')}) {
    std::ofstream(database(), std::ios::trunc | std::ios::binary) << garbage;
    expect_refused("no database");
    EXPECT_EQ(bytes(), garbage);
  }
}

TEST_F(SqliteStoreOpening, ADamagedDatabaseIsRefusedWithWhatToDoAndLeftAlone) {
  make_and_close();
  std::string damaged = bytes();
  ASSERT_GT(damaged.size(), 40'960u);
  // Every page but the first two, torn.
  for (size_t i = 8'192; i < damaged.size(); i += 3) damaged[i] = static_cast<char>(damaged[i] ^ 0x5a);
  std::ofstream(database(), std::ios::trunc | std::ios::binary) << damaged;
  expect_refused("damaged");
  expect_refused("restore the newest backup");
  EXPECT_EQ(bytes(), damaged);
}

TEST_F(SqliteStoreOpening, ADatabaseThatWasCutShortIsRefused) {
  make_and_close();
  const std::string whole = bytes();
  std::ofstream(database(), std::ios::trunc | std::ios::binary) << whole.substr(0, whole.size() / 2);
  expect_refused("damaged");
}

TEST_F(SqliteStoreOpening, ANewerDatabaseIsRefusedAndBothVersionsAreNamed) {
  make_and_close();
  run_sql("PRAGMA user_version = 4711");
  expect_refused("version 4711");
  expect_refused("understands version " + std::to_string(latest_schema_version()));
}

TEST_F(SqliteStoreOpening, AnOlderDatabaseIsBroughtUpToDate) {
  make_and_close();
  run_sql(
      "DROP TABLE proxies; DROP TABLE held_stanzas; ALTER TABLE instances DROP COLUMN held_count; "
      "ALTER TABLE instances DROP COLUMN held_bytes; ALTER TABLE instances DROP COLUMN held_messages; PRAGMA "
      "user_version = 1");
  ASSERT_TRUE(open());
  run_sql("DELETE FROM proxies; DELETE FROM held_stanzas; UPDATE instances SET held_count = 0");
}

TEST_F(SqliteStoreOpening, ADatabaseOfAnotherProgramIsRefused) {
  run_sql("CREATE TABLE recipes (name TEXT); INSERT INTO recipes VALUES ('soup')");
  expect_refused("another program");
}

TEST_F(SqliteStoreOpening, AnotherMasterKeyIsNoticedAtOnce) {
  make_and_close();
  expect_refused("another master key", *crypto::SecretBox::from_text(std::string(64, 'b')));
  EXPECT_TRUE(open()) << "the right key still opens it";
}

TEST_F(SqliteStoreOpening, ASecondProcessIsRefusedWhileTheFirstRuns) {
  auto first = open();
  ASSERT_TRUE(first);
  expect_refused("in use by another Patchbay (process " + std::to_string(getpid()) + ")");
  first->reset();
  EXPECT_TRUE(open());
}

TEST_F(SqliteStoreOpening, AFileInPlaceOfTheFolderIsRefused) {
  std::ofstream(folder_.file("data")) << "x";
  const auto store = open_sqlite_store({.directory = folder_.file("data"), .secret_box = &kBox});
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().message.find("no folder"), std::string::npos) << store.error().message;
}

TEST_F(SqliteStoreOpening, SecretsAreNowhereInTheFilesInTheClear) {
  {
    auto store = open();
    ASSERT_TRUE(store);
    ASSERT_TRUE((*store)->write_sync([](WriteTransaction& tx) -> Status {
      PB_TRY(fill(tx));
      PB_TRY(tx.insert_api_key(make_api_key("k1", "i1")));
      return tx.put_credentials("i1", "noise-private-key");
    }));
    std::ifstream wal(folder_.file("patchbay.db-wal"), std::ios::binary);
    const std::string log{std::istreambuf_iterator<char>(wal), {}};
    EXPECT_NE(log.find("u1@example.com"), std::string::npos) << "the test looks in the wrong place";
    EXPECT_EQ(log.find("wa_clear_k1"), std::string::npos);
    EXPECT_EQ(log.find("noise-private-key"), std::string::npos);
  }
  const std::string file = bytes();
  EXPECT_NE(file.find("u1@example.com"), std::string::npos);
  EXPECT_EQ(file.find("wa_clear_k1"), std::string::npos);
  EXPECT_EQ(file.find("noise-private-key"), std::string::npos);
}

}  // namespace
}  // namespace patchbay::store
