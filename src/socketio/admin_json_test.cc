#include "socketio/admin_json.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace patchbay::socketio {
namespace {

engineio::Handshake handshake(std::string query,
                              std::initializer_list<std::pair<const char*, const char*>> headers) {
  engineio::Handshake result{
      .query = std::move(query), .address = "192.0.2.7", .time = from_unix_ms(1'700'000'000'000)};
  for (const auto& [name, value] : headers) result.headers.emplace_back(name, value);
  return result;
}

TEST(AdminJson, ShowsAHandshakeAsNodeDoes) {
  const auto json = admin_handshake(handshake("EIO=4&transport=polling&t=a%20b",
                                              {{"host", "example.org"}, {"origin", "https://page.example"}}),
                                    "/socket.io/");
  EXPECT_EQ(
      boost::json::serialize(json),
      R"({"address":"192.0.2.7","headers":{"host":"example.org","origin":"https://page.example"},)"
      R"("query":{"EIO":"4","transport":"polling","t":"a b"},"issued":1700000000000,"secure":false,)"
      R"("time":"2023-11-14T22:13:20.000Z","url":"/socket.io/?EIO=4&transport=polling&t=a b","xdomain":true})");
}

TEST(AdminJson, HidesWhatPeopleLogInWith) {
  const std::string json = boost::json::serialize(
      admin_handshake(handshake("token=s3cret&apiKey=s3cret&room=r&access_token=s3cret",
                                {{"authorization", "Bearer s3cret"},
                                 {"cookie", "a=s3cret"},
                                 {"x-api-key", "s3cret"},
                                 {"x-amz-security-token", "s3cret"},
                                 {"referer", "https://page.example/?code=s3cret"},
                                 {"user-agent", "browser"}}),
                      "/socket.io/"));
  EXPECT_EQ(json.find("s3cret"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("user-agent":"browser")"), std::string::npos);
  EXPECT_NE(json.find(R"("referer":"https://page.example/")"), std::string::npos);
  EXPECT_NE(json.find(R"("room":"r")"), std::string::npos);
  EXPECT_NE(json.find("/socket.io/?token=***&apiKey=***&room=r"), std::string::npos) << json;
}

TEST(AdminJson, IsValidWhateverBytesAClientSent) {
  const std::string json = boost::json::serialize(
      admin_handshake(handshake("a%FF=%FE", {{"x-odd", "\xff\"\\"}, {"x-odd", "second"}}), "/"));
  EXPECT_TRUE(is_valid_json(json, {.check_utf8 = true})) << json;
  EXPECT_NE(json.find(", second"), std::string::npos);
}

struct Case {
  std::string_view name;
  std::string_view args;
  std::string_view understood;  // "nsp|subject|room|close|args"; empty: refused
};

TEST(AdminJson, UnderstandsTheCommandsOfThePage) {
  constexpr Case kCases[] = {
      {"emit", R"("/",null,"hello",1,{"a":[2]})", R"(/|hello||0|1,{"a":[2]})"},
      {"emit", R"("/chat","room \"1\"","hello")", R"(/chat|hello|room "1"|0|)"},
      {"emit", R"("/",null,"connect")", ""},
      {"emit", R"("/",null,"disconnect","x")", ""},
      {"emit", R"("/",null)", ""},
      {"emit", R"("/",null,7)", ""},
      {"emit", R"("/",{"_placeholder":true,"num":0},"hello")", ""},
      {"join", R"("/","r")", "/|r||0|"},
      {"join", R"("/","r",null)", "/|r||0|"},
      {"join", R"("/","r","id")", "/|r|id|0|"},
      {"join", R"("/","")", ""},
      {"join", R"("/",["r"])", ""},
      {"leave", R"("/","r","id")", "/|r|id|0|"},
      {"leave", R"("/")", ""},
      {"_disconnect", R"("/",true,"id")", "/||id|1|"},
      {"_disconnect", R"("/",false)", "/|||0|"},
      {"_disconnect", R"("/","yes","id")", ""},
      {"_disconnect", R"("/",true,5)", ""},
      {"_disconnect", "", ""},
      {"other", R"("/","r")", ""},
  };
  for (const Case& it : kCases) {
    const auto command = parse_admin_command(it.name, ArgsView(it.args, {}));
    const std::string understood = command ? command->nsp + "|" + command->subject + "|" + command->room +
                                                 "|" + (command->close ? "1" : "0") + "|" + command->args.json
                                           : "";
    EXPECT_EQ(understood, it.understood) << it.name << " " << it.args;
  }
}

}  // namespace
}  // namespace patchbay::socketio
