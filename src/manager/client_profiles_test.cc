#include "manager/client_profiles.h"

#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "manager/instances_test_support.h"

namespace patchbay::manager {
namespace {

using testing::HasSubstr;

class ClientProfilesTest : public testing::Test {
 protected:
  ClientProfilesTest() { admin_ = make_tenant(*store_, "ada"); }

  std::string file() const { return folder_.path() + "/whatsapp-profile.json"; }
  std::string content() const {
    std::ifstream in(file());
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }
  void write(std::string_view text) const { std::ofstream(file()) << text; }

  Folder folder_;
  std::unique_ptr<store::Store> store_ = open_test_store(folder_);
  ManualClock clock_;
  whatsapp::ProfileSource source_;
  int changes_ = 0;
  Caller admin_;
  ClientProfiles profiles_{source_, file(), *store_, clock_, [this] { ++changes_; }};
};

TEST_F(ClientProfilesTest, ChangeFieldByFieldAndSurviveARestart) {
  const auto changed = profiles_.change(admin_, R"({"version":"2.3000.2000000000","browser":"Edge"})");
  ASSERT_TRUE(changed) << changed.error().message;
  EXPECT_EQ(changes_, 1);
  EXPECT_EQ(source_.get().version[2], 2'000'000'000u);
  EXPECT_EQ(source_.get().os_name, "Ubuntu") << "what was not given stays";
  EXPECT_EQ(profiles_.get(), *changed);
  const auto loaded = load_client_profile(file(), false);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(whatsapp::to_json(*loaded), *changed);
  struct stat status{};
  ASSERT_EQ(stat(file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_TRUE(profiles_.change(admin_, R"({"browser":"Edge"})"));
  EXPECT_EQ(changes_, 1) << "nothing new, nothing to try again for";
}

TEST_F(ClientProfilesTest, RefuseWrongFieldsAndOtherCallers) {
  const auto wrong = profiles_.change(admin_, R"({"browser":"Lynx"})");
  EXPECT_EQ(wrong.error().code, ErrorCode::kValidation);
  EXPECT_THAT(wrong.error().message, HasSubstr("browser"));
  Caller user = admin_;
  user.role = Role::kUser;
  EXPECT_EQ(profiles_.change(user, R"({"browser":"Edge"})").error().code, ErrorCode::kPermissionDenied);
  EXPECT_EQ(changes_, 0);
  EXPECT_EQ(content(), "");
}

TEST_F(ClientProfilesTest, ChangeNothingWhenTheFileCannotBeReplaced) {
  ClientProfiles homeless(source_, folder_.path() + "/no/such/folder/profile.json", *store_, clock_,
                          [this] { ++changes_; });
  EXPECT_FALSE(homeless.change(admin_, R"({"browser":"Edge"})"));
  EXPECT_EQ(source_.get().browser, "Chrome");
  EXPECT_EQ(changes_, 0);
}

TEST_F(ClientProfilesTest, AreTheBuiltInOneWithoutAFileUnlessOneWasNamed) {
  const auto loaded = load_client_profile(file(), false);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(whatsapp::to_json(*loaded), whatsapp::to_json({}));
  EXPECT_EQ(load_client_profile(file(), true).error().code, ErrorCode::kConfiguration);
}

TEST_F(ClientProfilesTest, StopTheStartWithAClearErrorWhenTheFileIsBroken) {
  for (const std::string& broken :
       {std::string("{"), std::string("[]"), std::string(R"({"version":"two"})"), std::string(70'000, ' ')}) {
    write(broken);
    const auto loaded = load_client_profile(file(), false);
    ASSERT_FALSE(loaded) << broken.substr(0, 40);
    EXPECT_EQ(loaded.error().code, ErrorCode::kConfiguration);
    EXPECT_THAT(loaded.error().message, HasSubstr("whatsapp-profile.json"));
    EXPECT_EQ(content(), broken) << "never replaced";
  }
}

TEST_F(ClientProfilesTest, KeepOnlyWhatSomebodyChose) {
  ASSERT_TRUE(profiles_.change(admin_, R"({"browser":"Edge"})"));
  EXPECT_EQ(content(), "{\"browser\":\"Edge\"}\n") << "the version is that of the next release";
  ASSERT_TRUE(profiles_.change(admin_, R"({"browser":"Chrome"})"));
  EXPECT_EQ(content(), "{}\n");
}

TEST_F(ClientProfilesTest, AreReadAnewFromTheFile) {
  write(R"({"version":"2.3000.2000000000"})");
  ASSERT_TRUE(profiles_.reload());
  EXPECT_EQ(source_.get().version[2], 2'000'000'000u);
  EXPECT_EQ(changes_, 1);
  ASSERT_TRUE(profiles_.reload());
  EXPECT_EQ(changes_, 1) << "nothing new";
  write("{");
  EXPECT_FALSE(profiles_.reload());
  EXPECT_EQ(source_.get().version[2], 2'000'000'000u) << "the profile stays";
}

}  // namespace
}  // namespace patchbay::manager
