#include "store/master_key.h"

#include <fstream>
#include <iterator>
#include <set>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "store/sealed_columns.h"
#include "store/temporary_store.h"

namespace patchbay::store {
namespace {

const crypto::SecretBox kOld = *crypto::SecretBox::from_text(std::string(64, 'a'));
const crypto::SecretBox kNew = *crypto::SecretBox::from_text(std::string(64, 'b'));
const std::string kSecret = "the private key of a device, plainly visible";

class StoppedDatabaseTest : public testing::Test {
 protected:
  StoppedDatabaseTest() {
    auto store = open(kOld);
    EXPECT_TRUE(store->write_sync([](WriteTransaction& tx) -> Status {
      PB_TRY(fill(tx, 3));
      PB_TRY(tx.put_credentials("i1", kSecret));
      PB_TRY(tx.put_credentials("i2", kSecret + " 2"));
      return tx.insert_api_key(make_api_key("k1", "i1"));
    }));
  }
  std::unique_ptr<Store> open(const crypto::SecretBox& box) {
    auto store = open_sqlite_store({.directory = folder_.path(), .secret_box = &box});
    EXPECT_TRUE(store) << store.error().message;
    return store ? std::move(*store) : nullptr;
  }
  std::unique_ptr<StoppedDatabase> stopped() {
    auto database = StoppedDatabase::open(folder_.path());
    EXPECT_TRUE(database) << database.error().message;
    return database ? std::move(*database) : nullptr;
  }
  void run_sql(const std::string& sql) {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(folder_.file("patchbay.db").c_str(), &handle), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(handle);
    sqlite3_close(handle);
  }
  std::string credentials(Store& store, const std::string& id) {
    auto found = store.read([&](ReadTransaction& tx) { return tx.credentials(id); });
    EXPECT_TRUE(found) << found.error().message;
    return found && *found ? **found : "";
  }

  TemporaryFolder folder_;
};

TEST_F(StoppedDatabaseTest, EverythingIsReadableUnderTheNewKeyAndNothingUnderTheOld) {
  {
    const auto database = stopped();
    EXPECT_TRUE(*database->is_under(kOld));
    EXPECT_FALSE(*database->is_under(kNew));
    const auto done = database->rekey(kOld, kNew);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(done->values, 3);
    EXPECT_EQ(done->unreadable, 0);
    EXPECT_TRUE(*database->is_under(kNew));
    EXPECT_FALSE(*database->is_under(kOld));
  }
  EXPECT_FALSE(open_sqlite_store({.directory = folder_.path(), .secret_box = &kOld}));
  const auto store = open(kNew);
  EXPECT_EQ(credentials(*store, "i1"), kSecret);
  EXPECT_EQ(credentials(*store, "i2"), kSecret + " 2");
  const auto key = store->read([](ReadTransaction& tx) { return tx.api_key("i1", "k1"); });
  EXPECT_EQ((*key)->clear_key, "wa_clear_k1");
}

TEST_F(StoppedDatabaseTest, AWrongOldKeyChangesNothing) {
  {
    const auto done = stopped()->rekey(kNew, kNew);
    ASSERT_FALSE(done);
    EXPECT_NE(done.error().message.find("another master key"), std::string::npos) << done.error().message;
  }
  EXPECT_EQ(credentials(*open(kOld), "i1"), kSecret);
}

TEST_F(StoppedDatabaseTest, AValueThatNobodyCanReadStaysAsItIsAndIsCounted) {
  run_sql("UPDATE credentials SET sealed = x'0102' WHERE instance_id = 'i1'");
  {
    const auto done = stopped()->rekey(kOld, kNew);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(done->values, 2);
    EXPECT_EQ(done->unreadable, 1);
  }
  const auto store = open(kNew);
  EXPECT_EQ(store->read([](ReadTransaction& tx) { return tx.credentials("i1"); }).error().code,
            ErrorCode::kDatabase);
  EXPECT_EQ(credentials(*store, "i2"), kSecret + " 2");
}

TEST_F(StoppedDatabaseTest, AFailureInTheMiddleLeavesEverythingUnderTheOldKey) {
  // The table of API keys comes after that of credentials.
  run_sql("CREATE TRIGGER t BEFORE UPDATE ON api_keys BEGIN SELECT RAISE(ABORT, 'full'); END");
  EXPECT_FALSE(stopped()->rekey(kOld, kNew));
  run_sql("DROP TRIGGER t");
  EXPECT_EQ(credentials(*open(kOld), "i1"), kSecret);
}

TEST_F(StoppedDatabaseTest, ARunningServerKeepsItOut) {
  const auto store = open(kOld);
  const auto refused = StoppedDatabase::open(folder_.path());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("in use by another Patchbay"), std::string::npos);
}

TEST_F(StoppedDatabaseTest, AFolderWithoutDatabaseIsRefusedAndStaysEmpty) {
  const TemporaryFolder empty;
  const auto refused = StoppedDatabase::open(empty.path());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("no database"), std::string::npos);
  EXPECT_TRUE(std::filesystem::is_empty(empty.path()));
}

TEST_F(StoppedDatabaseTest, NoSecretCanBeReadInTheFilesOfTheDatabase) {
  const auto search = [&](std::string_view words) {
    for (const auto& file : std::filesystem::directory_iterator(folder_.path())) {
      std::ifstream stream(file.path(), std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
      if (bytes.find(words) != std::string::npos) return true;
    }
    return false;
  };
  const auto store = open(kOld);  // with its write-ahead log
  EXPECT_TRUE(store->write_sync([](WriteTransaction& tx) { return tx.put_credentials("i3", kSecret); }));
  EXPECT_TRUE(search("u1@example.com")) << "the search itself finds nothing";
  EXPECT_FALSE(search(kSecret));
  EXPECT_FALSE(search(kSecret.substr(0, 16)));
  EXPECT_FALSE(search("wa_clear_"));
}

// "meta" holds the word that tells the key.
TEST_F(StoppedDatabaseTest, EveryColumnOfOctetsIsKnownToTheChangeOfKeys) {
  std::set<std::string> columns;
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(folder_.file("patchbay.db").c_str(), &handle), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(
                handle,
                "SELECT t.name || '.' || c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c "
                "WHERE t.type = 'table' AND c.type = 'BLOB'",
                [](void* into, int, char** values, char**) {
                  static_cast<std::set<std::string>*>(into)->insert(values[0]);
                  return 0;
                },
                &columns, nullptr),
            SQLITE_OK);
  sqlite3_close(handle);
  std::set<std::string> known{"meta.value"};
  for (const SealedColumn& one : kSealedColumns) known.insert(std::string(one.table) + "." + one.column);
  EXPECT_EQ(columns, known);
}

}  // namespace
}  // namespace patchbay::store
