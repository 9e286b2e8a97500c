#include "socketio/json_value.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include "socketio/json_scan.h"

namespace patchbay::socketio {
namespace {

std::string rewritten(std::string_view json) {
  const auto value = parse_json(json);
  return value ? boost::json::serialize(*value) : "nothing";
}

TEST(JsonValue, WhatIsParsedCanBeWrittenAgain) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {R"({"a":[1,"b",null,true,{}]})", R"({"a":[1,"b",null,true,{}]})"},
      {R"(["\ud83d","\ud83d\ude00"])", "[\"\xef\xbf\xbd\",\"\xf0\x9f\x98\x80\"]"},
      {"[1e400,-1e400,0e400,{\"x\":[1e999]}]", R"([null,null,null,{"x":[null]}])"},
      {"1e400", "null"},
      {"[1e-400]", "[0E0]"},
  };
  for (const auto& [json, expected] : cases) {
    EXPECT_EQ(rewritten(json), expected);
    EXPECT_TRUE(is_valid_json(rewritten(json)));
  }
  EXPECT_EQ(rewritten("[" + std::string(400, '9') + "]"), "[null]");
}

TEST(JsonValue, IsAsDeepAsTheScannerAllows) {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(parse_json(nested(kMaxJsonDepth)));
  EXPECT_FALSE(parse_json(nested(kMaxJsonDepth + 1)));
}

TEST(JsonValue, NothingComesOfWhatIsNotJson) {
  for (const std::string_view text : {"", "[", "[1,]", "\"\\ud83d", "[1e99999999999]", "\"\xff\""})
    EXPECT_FALSE(parse_json(text)) << text;
}

}  // namespace
}  // namespace patchbay::socketio
