#include "manager/permissions.h"

#include <gtest/gtest.h>

namespace patchbay::manager {
namespace {

TEST(Permissions, MissingFlagsAreFalseAndUnknownOnesAreIgnored) {
  EXPECT_EQ(parse_permissions("{}"), Permissions{});
  EXPECT_EQ(parse_permissions(R"({"messages":{"send":true,"fly":true},"moon":{"land":true},"contacts":{}})"),
            Permissions{.messages_send = true});
}

TEST(Permissions, AWholeCategoryIsGrantedByOneTrue) {
  EXPECT_EQ(parse_permissions(R"({"messages":true,"instance":false})"),
            (Permissions{.messages_send = true, .messages_receive = true}));
}

TEST(Permissions, TheTextIsAlwaysWholeAndReadsBack) {
  EXPECT_EQ(to_json({}), R"({"messages":{"send":false,"receive":false},"contacts":{"check":false},)"
                         R"("instance":{"info":false,"stats":false},"webhook":{"configure":false}})");
  EXPECT_EQ(parse_permissions(to_json(Permissions::all())), Permissions::all());
}

TEST(Permissions, WhatIsNoBooleanIsNamed) {
  const auto refused = [](std::string_view json, std::string_view path) {
    const auto result = parse_permissions(json);
    ASSERT_FALSE(result) << json;
    EXPECT_EQ(result.error().code, ErrorCode::kValidation);
    EXPECT_NE(result.error().message.find(path), std::string::npos) << result.error().message;
  };
  refused("", "permissions");
  refused("[]", "permissions");
  refused("null", "permissions");
  refused(R"({"messages":1})", "permissions.messages");
  refused(R"({"messages":{"send":"yes"}})", "permissions.messages.send");
  refused(std::string(100'000, '['), "permissions");
}

TEST(Permissions, EachFlagIsItsOwn) {
  for (const Permission each :
       {Permission::kMessagesSend, Permission::kMessagesReceive, Permission::kContactsCheck,
        Permission::kInstanceInfo, Permission::kInstanceStats, Permission::kWebhookConfigure}) {
    const std::string name(to_string(each));
    const size_t dot = name.find('.');
    const auto permissions =
        parse_permissions("{\"" + name.substr(0, dot) + "\":{\"" + name.substr(dot + 1) + "\":true}}");
    ASSERT_TRUE(permissions);
    EXPECT_TRUE(permissions->allows(each)) << name;
    EXPECT_NE(*permissions, Permissions{});
  }
}

}  // namespace
}  // namespace patchbay::manager
