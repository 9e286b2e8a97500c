#include "binary/jid.h"

#include <gtest/gtest.h>

namespace patchbay::binary {
namespace {

TEST(Jid, IsReadFromItsTextAndWrittenAsTheSame) {
  const struct {
    std::string_view text;
    Jid jid;
  } cases[] = {
      {"15551234567@s.whatsapp.net", {.user = "15551234567", .server = "s.whatsapp.net"}},
      {"15551234567:12@s.whatsapp.net", {.user = "15551234567", .server = "s.whatsapp.net", .device = 12}},
      {"100000000000001:65535@lid", {.user = "100000000000001", .server = "lid", .device = 65'535}},
      {"s.whatsapp.net", {.user = "", .server = "s.whatsapp.net"}},
      {"@g.us", {.user = "", .server = "g.us"}},
      {"120363000000000001@g.us", {.user = "120363000000000001", .server = "g.us"}},
      {"15551234567-1500000000@g.us", {.user = "15551234567-1500000000", .server = "g.us"}},
      {"status@broadcast", {.user = "status", .server = "broadcast"}},
      {"1:99@hosted.lid", {.user = "1", .server = "hosted.lid", .device = 99}},
      {"7-user@interop", {.user = "user", .server = "interop", .integrator = 7}},
      {"7-a-b:3@interop", {.user = "a-b", .server = "interop", .device = 3, .integrator = 7}},
      {"1@some.new-server", {.user = "1", .server = "some.new-server"}},
  };
  for (const auto& [text, jid] : cases) {
    EXPECT_EQ(parse_jid(text), jid) << text;
    EXPECT_EQ(to_string(jid), text);
  }
}

TEST(Jid, IsUnderstoodInOtherSpellings) {
  EXPECT_EQ(to_string(parse_jid("@s.whatsapp.net").value()), "s.whatsapp.net");
  EXPECT_EQ(to_string(parse_jid("1:0@s.whatsapp.net").value()), "1@s.whatsapp.net");
  EXPECT_EQ(to_string(parse_jid("1:007@lid").value()), "1:7@lid");
}

TEST(Jid, IsNotFoundInOtherText) {
  for (const std::string_view text :
       {"",         "@",        "lid",          "g.us",           "15551234567",   "a@",
        "a@b@c",    "a:b@lid",  "a:@lid",       "a:1:2@lid",      ":1@lid",        "a:65536@lid",
        "a:-1@lid", "a:+1@lid", "a:000001@lid", "a b@lid",        "a@LID",         "a@lid ",
        "a\n@lid",  "José@lid", "user@interop", "x-user@interop", "-user@interop", "65536-user@interop"})
    EXPECT_EQ(parse_jid(text), std::nullopt) << text;
}

TEST(Jid, HasAtMost256Bytes) {
  const std::string longest = std::string(252, '1') + "@lid";
  EXPECT_TRUE(parse_jid(longest).has_value());
  EXPECT_FALSE(parse_jid("1" + longest).has_value());
}

}  // namespace
}  // namespace patchbay::binary
