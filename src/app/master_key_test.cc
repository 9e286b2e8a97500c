#include "app/master_key.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/secrets.h"
#include "store/temporary_store.h"

namespace patchbay::app {
namespace {

const std::string kOldKey(64, 'a');
const std::string kNewKey(64, 'b');

class MasterKeyRotationTest : public testing::Test {
 protected:
  MasterKeyRotationTest() {
    EXPECT_TRUE(crypto::write_secret_file("master key", key_file(), kOldKey));
    auto store = open(kOldKey);
    EXPECT_TRUE((*store)->write_sync([](store::WriteTransaction& tx) -> Status {
      PB_TRY(store::fill(tx, 2));
      PB_TRY(tx.put_credentials("i1", "the device"));
      return tx.insert_api_key(store::make_api_key("k1", "i1"));
    }));
  }
  std::string key_file(const std::string& suffix = {}) const { return folder_.file("master.key" + suffix); }
  MasterKeyChange change(std::string new_key = kNewKey) const {
    return {.data_dir = folder_.path(), .current_key = {}, .new_key = std::move(new_key)};
  }
  Result<std::unique_ptr<store::Store>> open(const std::string& key) {
    box_.emplace(*crypto::SecretBox::from_text(key));
    return store::open_sqlite_store({.directory = folder_.path(), .secret_box = &*box_});
  }
  // As the server starts: with the key that is in the file.
  void expect_starts(const std::string& key) {
    const auto found = crypto::read_secret_file("master key", key_file());
    ASSERT_TRUE(found && *found);
    EXPECT_EQ(**found, key);
    const auto store = open(**found);
    ASSERT_TRUE(store) << store.error().message;
    const auto credentials = (*store)->read([](store::ReadTransaction& tx) { return tx.credentials("i1"); });
    ASSERT_TRUE(credentials) << credentials.error().message;
    EXPECT_EQ(*credentials, "the device");
  }
  void expect_nothing_left() {
    EXPECT_FALSE(std::filesystem::exists(key_file(".new")));
    EXPECT_FALSE(std::filesystem::exists(key_file(".old")));
  }
  // Another process takes the first `steps` steps and is killed.
  void die_after(int steps) {
    const pid_t child = fork();
    if (child == 0) {
      auto rotation = MasterKeyRotation::begin(change());
      bool good = rotation.has_value();
      if (steps >= 1) good = good && rotation->keep_both_keys();
      if (steps >= 2) good = good && rotation->encrypt_anew();
      if (steps >= 3) good = good && rotation->install_new_key();
      if (steps >= 4) good = good && rotation->forget_old_key();
      if (good) kill(getpid(), SIGKILL);
      _exit(1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "a step failed";
  }

  store::TemporaryFolder folder_;
  std::optional<crypto::SecretBox> box_;
};

TEST_F(MasterKeyRotationTest, AllStepsLeaveTheNewKeyAlone) {
  EXPECT_EQ(rotate_master_key(change()), 0);
  expect_nothing_left();
  expect_starts(kNewKey);
  struct stat status{};
  ASSERT_EQ(stat(key_file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(MasterKeyRotationTest, AKeyIsMadeWhenNoneIsGiven) {
  EXPECT_EQ(rotate_master_key(change("")), 0);
  const auto made = crypto::read_secret_file("master key", key_file());
  ASSERT_TRUE(made && *made);
  EXPECT_NE(**made, kOldKey);
  EXPECT_EQ((*made)->size(), 64u);
  expect_starts(**made);
}

TEST_F(MasterKeyRotationTest, AfterAKillAtAnyStepTheNextStartSettlesIt) {
  for (int steps = 0; steps <= 4; ++steps) {
    SCOPED_TRACE("killed after step " + std::to_string(steps));
    std::filesystem::remove(key_file());
    ASSERT_TRUE(crypto::write_secret_file("master key", key_file(), kOldKey));
    die_after(steps);
    ASSERT_TRUE(settle_master_key(folder_.path()));
    expect_nothing_left();
    expect_starts(steps < 2 ? kOldKey : kNewKey);
    // Back for the next round.
    if (steps >= 2) {
      ASSERT_EQ(rotate_master_key(change(kOldKey)), 0);
    }
  }
}

TEST_F(MasterKeyRotationTest, AfterAKillAtAnyStepASecondRunCompletesIt) {
  for (int steps = 0; steps <= 4; ++steps) {
    SCOPED_TRACE("killed after step " + std::to_string(steps));
    die_after(steps);
    EXPECT_EQ(rotate_master_key(change()), 0);
    expect_nothing_left();
    expect_starts(kNewKey);
    ASSERT_EQ(rotate_master_key(change(kOldKey)), 0);
  }
}

TEST_F(MasterKeyRotationTest, WhatWasBeingWrittenWhenTheProcessDiedIsCleared) {
  for (const char* const name : {".0123456789ab", ".new.0123456789ab", ".old.0123456789ab"})
    std::ofstream(key_file(name)) << kNewKey;
  std::ofstream(key_file(".backup-of-mine")) << kOldKey;
  ASSERT_TRUE(settle_master_key(folder_.path()));
  for (const char* const name : {".0123456789ab", ".new.0123456789ab", ".old.0123456789ab"})
    EXPECT_FALSE(std::filesystem::exists(key_file(name))) << name;
  EXPECT_TRUE(std::filesystem::exists(key_file(".backup-of-mine")));
  expect_starts(kOldKey);
}

TEST_F(MasterKeyRotationTest, AKeyOfTheOperatorsIsWrittenNowhere) {
  std::filesystem::remove(key_file());
  MasterKeyChange from_environment = change();
  from_environment.current_key = kOldKey;
  EXPECT_EQ(rotate_master_key(from_environment), 0);
  EXPECT_FALSE(std::filesystem::exists(key_file()));
  expect_nothing_left();
  EXPECT_TRUE(open(kNewKey));
  EXPECT_EQ(rotate_master_key(from_environment), 0) << "once more is no error";
  from_environment.new_key.clear();
  const auto refused = MasterKeyRotation::begin(from_environment);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("PATCHBAY_NEW_MASTER_KEY"), std::string::npos);
}

TEST_F(MasterKeyRotationTest, WhatIsWrongIsSaidAndNothingIsChanged) {
  EXPECT_FALSE(MasterKeyRotation::begin(change("no key")));
  {
    const auto running = open(kOldKey);
    const auto refused = MasterKeyRotation::begin(change());
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("in use by another Patchbay"), std::string::npos);
  }
  MasterKeyChange wrong = change();
  wrong.current_key = std::string(64, 'c');
  EXPECT_FALSE(MasterKeyRotation::begin(wrong));
  wrong.data_dir = folder_.file("nowhere");
  EXPECT_FALSE(MasterKeyRotation::begin(wrong));
  expect_nothing_left();
  expect_starts(kOldKey);
}

TEST_F(MasterKeyRotationTest, ADatabaseThatNoKeyFileFitsIsLeftAsItIs) {
  die_after(1);
  std::filesystem::remove(key_file());
  ASSERT_TRUE(crypto::write_secret_file("master key", key_file(), std::string(64, 'd')));
  const auto refused = settle_master_key(folder_.path());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConfiguration);
  EXPECT_TRUE(std::filesystem::exists(key_file(".old"))) << "the only key that fits";
}

}  // namespace
}  // namespace patchbay::app
