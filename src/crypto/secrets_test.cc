#include "crypto/secrets.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace patchbay::crypto {
namespace {

class Secrets : public testing::Test {
 protected:
  Secrets() {
    char pattern[] = "/tmp/patchbay-secrets-XXXXXX";
    folder_ = mkdtemp(pattern);
  }
  ~Secrets() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  std::string write(const std::string& name, const std::string& text, mode_t mode) const {
    std::ofstream(path(name)) << text;
    chmod(path(name).c_str(), mode);
    return path(name);
  }
  SecretSource source() const {
    return {.name = "token secret",
            .environment_name = "PATCHBAY_JWT_SECRET",
            .environment_value = "",
            .file = "",
            .generated_file = path("jwt.secret"),
            .may_generate = true};
  }
  static void expect_refused(const Result<std::string>& result, std::string_view words) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kConfiguration);
    EXPECT_NE(result.error().message.find(words), std::string::npos) << result.error().message;
  }

  std::string folder_;
};

const std::string kGood(40, 's');

TEST_F(Secrets, TheFirstStartMakesASecretThatOnlyItsOwnerCanReadAndLaterStartsFindIt) {
  const auto made = load_secret(source());
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->size(), 64u);
  struct stat status{};
  ASSERT_EQ(stat(path("jwt.secret").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(load_secret(source()), *made);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1)
      << "a temporary file was left";
}

TEST_F(Secrets, TheEnvironmentWinsOverFilesAndAGivenFileOverTheGeneratedOne) {
  auto with_file = source();
  with_file.file = write("given", "f" + kGood + "\n", 0600);
  EXPECT_EQ(load_secret(with_file), "f" + kGood);
  with_file.environment_value = "e" + kGood;
  EXPECT_EQ(load_secret(with_file), "e" + kGood);
}

TEST_F(Secrets, AFileThatOthersCanReadIsRefusedAndTheMessageSaysHowToCloseIt) {
  for (const mode_t mode : {0640, 0604, 0660, 0601}) {
    write("jwt.secret", kGood, mode);
    expect_refused(load_secret(source()), "chmod 600");
  }
}

TEST_F(Secrets, AShortOrHugeSecretIsRefusedWithItsLengthButNotItsText) {
  write("jwt.secret", "hunter2", 0600);
  const auto refused = load_secret(source());
  expect_refused(refused, "7 bytes");
  EXPECT_EQ(refused.error().message.find("hunter2"), std::string::npos);
  write("jwt.secret", std::string(100'000, 'x'), 0600);
  expect_refused(load_secret(source()), "longer than");
  write("jwt.secret", "", 0600);
  expect_refused(load_secret(source()), "0 bytes");
  auto short_variable = source();
  short_variable.environment_value = "short";
  expect_refused(load_secret(short_variable), "PATCHBAY_JWT_SECRET");
}

TEST_F(Secrets, AMissingSecretThatDataDependsOnIsNeverReplaced) {
  auto dependent = source();
  dependent.may_generate = false;
  expect_refused(load_secret(dependent), "Restore the file from a backup");
  EXPECT_FALSE(std::filesystem::exists(path("jwt.secret")));
}

TEST_F(Secrets, AGivenFileThatIsMissingIsAnErrorEvenIfOneCouldBeGenerated) {
  auto given = source();
  given.file = path("nowhere");
  expect_refused(load_secret(given), "does not exist");
}

TEST_F(Secrets, AFolderInPlaceOfTheFileIsRefused) {
  std::filesystem::create_directory(path("jwt.secret"));
  expect_refused(load_secret(source()), "no regular file");
}

TEST_F(Secrets, AMissingFolderIsRefusedWithTheReason) {
  auto lost = source();
  lost.generated_file = path("no/such/folder/secret");
  expect_refused(load_secret(lost), "folder must exist");
}

TEST_F(Secrets, AFileIsReplacedWholeAndClosedToOthers) {
  const auto none = read_secret_file("key", path("key"));
  EXPECT_TRUE(none && !*none);
  ASSERT_TRUE(write_secret_file("key", path("key"), kGood));
  ASSERT_TRUE(write_secret_file("key", path("key"), "2" + kGood));
  EXPECT_EQ(read_secret_file("key", path("key")), "2" + kGood);
  struct stat status{};
  ASSERT_EQ(stat(path("key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
  EXPECT_FALSE(write_secret_file("key", path("no/such/key"), kGood));
}

}  // namespace
}  // namespace patchbay::crypto
