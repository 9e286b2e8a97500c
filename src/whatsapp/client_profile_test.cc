#include "whatsapp/client_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace patchbay::whatsapp {
namespace {

TEST(ClientProfile, JsonGivesBackWhatWentIn) {
  const ClientProfile in{.version = {2, 3000, 7},
                         .os_name = "Mac OS",
                         .browser = "Safari",
                         .locale_language = "de",
                         .locale_country = "DE",
                         .use_noise_ik = true,
                         .full_history = true,
                         .first_prekeys = 100,
                         .low_prekeys = 6,
                         .more_prekeys = 51};
  const auto out = parse_client_profile(to_json(in));
  ASSERT_TRUE(out) << out.error().message;
  EXPECT_EQ(to_json(*out), to_json(in));
}

TEST(ClientProfile, FieldsThatAreAbsentKeepTheirValues) {
  const auto out = parse_client_profile(R"({"osName":"Windows"})", {.browser = "Edge", .low_prekeys = 9});
  ASSERT_TRUE(out);
  EXPECT_EQ(out->os_name, "Windows");
  EXPECT_EQ(out->browser, "Edge");
  EXPECT_EQ(out->low_prekeys, 9u);
}

TEST(ClientProfile, AWrongFieldIsNamed) {
  const std::pair<const char*, const char*> kWrong[] = {
      {R"({"version":"2.3000"})", "version"},
      {R"({"version":"2.3000.1.4"})", "version"},
      {R"({"version":"2.3000.-1"})", "version"},
      {R"({"version":"2.3000.4294967296"})", "version"},
      {R"({"version":3})", "version"},
      {R"({"osName":""})", "osName"},
      {R"({"osName":"a\nb"})", "osName"},
      {R"({"osName":"0123456789012345678901234567890123456789012345678901234567890"})", "osName"},
      {R"({"browser":"Netscape"})", "browser"},
      {R"({"localeLanguage":"EN"})", "localeLanguage"},
      {R"({"localeCountry":"USA"})", "localeCountry"},
      {R"({"useNoiseIk":"yes"})", "useNoiseIk"},
      {R"({"fullHistory":1})", "fullHistory"},
      {R"({"firstPrekeys":0})", "firstPrekeys"},
      {R"({"lowPrekeys":2001})", "lowPrekeys"},
      {R"({"morePrekeys":1.5})", "morePrekeys"},
      {R"({"colour":"red"})", "colour"},
  };
  for (const auto& [json, field] : kWrong) {
    const auto out = parse_client_profile(json);
    ASSERT_FALSE(out) << json;
    EXPECT_EQ(out.error().code, ErrorCode::kValidation);
    EXPECT_THAT(out.error().message, testing::HasSubstr(std::string("\"") + field + "\"")) << json;
  }
  for (const char* const json : {"", "[]", "{", "3", "null"})
    EXPECT_FALSE(parse_client_profile(json)) << json;
  EXPECT_FALSE(parse_client_profile("{\"osName\":\"" + std::string(20'000, 'x') + "\"}"));
}

}  // namespace
}  // namespace patchbay::whatsapp
