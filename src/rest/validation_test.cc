#include "rest/validation.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "rest/json_body.h"

namespace patchbay::rest {
namespace {

namespace json = boost::json;

json::object parse(std::string_view text) {
  return json::parse(text).as_object();
}

// The messages of all failures, "field message", one a line.
std::string failures(const FieldReader& fields) {
  const auto outcome = fields.finish();
  if (outcome) return {};
  std::string text;
  for (const FieldError& field : outcome.error().fields) text += field.field + " " + field.message + "\n";
  return text;
}

TEST(FieldReader, ListsEveryFailureNotTheFirstOnly) {
  const json::object input = parse(R"({"name":"x","limit":"many","on":"perhaps"})");
  FieldReader fields(input);
  fields.text("name", {.min_characters = 3, .max_characters = 5});
  fields.integer("limit", {});
  fields.boolean("on");
  fields.text("missing", {.presence = Presence::kRequired});
  EXPECT_EQ(failures(fields),
            "name must have 3 to 5 characters\n"
            "limit must be a whole number\n"
            "on must be true or false\n"
            "missing is required\n");
}

TEST(FieldReader, TurnsTextIntoNumbersAndBooleans) {
  const json::object input = parse(R"({"a":"12","b":"true","c":"false","d":7,"e":5.0,"f":"1e2"})");
  FieldReader fields(input);
  EXPECT_EQ(fields.integer("a", {}), 12);
  EXPECT_EQ(fields.boolean("b"), true);
  EXPECT_EQ(fields.boolean("c"), false);
  EXPECT_EQ(fields.integer("d", {}), 7);
  EXPECT_EQ(fields.integer("e", {}), 5);
  EXPECT_EQ(fields.integer("f", {}), 100);
  EXPECT_EQ(failures(fields), "");
}

TEST(FieldReader, RefusesNumbersThatAreNotWholeOrOutOfBounds) {
  for (const std::string_view value :
       {"1.5", "\"1.5\"", "1e300", "\"\"", "\" 1\"", "\"0x10\"", "null", "true", "[]", "{}", "\"inf\"",
        "\"nan\"", "18446744073709551615", "0", "11", "-3"}) {
    const json::object input = parse("{\"n\":" + std::string(value) + "}");
    FieldReader fields(input);
    EXPECT_FALSE(fields.integer("n", {.min = 1, .max = 10})) << value;
    EXPECT_NE(failures(fields), "") << value;
  }
}

TEST(FieldReader, CountsCharactersNotBytes) {
  const json::object input = parse(R"({"name":"žluťoučký"})");
  FieldReader fields(input);
  EXPECT_TRUE(fields.text("name", {.min_characters = 9, .max_characters = 9}));
}

TEST(FieldReader, RefusesControlCharacters) {
  const json::object input = parse(R"({"a":"x\ny","b":"x\u0000y","c":"x\ny"})");
  FieldReader fields(input);
  EXPECT_FALSE(fields.text("a", {}));
  EXPECT_FALSE(fields.text("b", {.multiline = true}));
  EXPECT_TRUE(fields.text("c", {.multiline = true}));
}

TEST(FieldReader, RepeatsWhatWasRefused) {
  const json::object input = parse(R"({"limit":"many"})");
  FieldReader fields(input);
  fields.integer("limit", {});
  EXPECT_EQ(fields.finish().error().fields.front().value_json, "\"many\"");
}

TEST(FieldReader, NeverRepeatsSecrets) {
  const json::object input = parse(R"({"password":"abc","newPassword":5,"other":"hush"})");
  FieldReader fields(input);
  fields.text("password", {.min_characters = 6});
  fields.text("newPassword", {});
  fields.text("other", {.min_characters = 6, .secret = true});
  const auto outcome = fields.finish();
  ASSERT_EQ(outcome.error().fields.size(), 3u);
  for (const FieldError& field : outcome.error().fields) EXPECT_EQ(field.value_json, "") << field.field;
}

TEST(FieldReader, RepeatsOnlyTheBeginningOfLongValues) {
  json::object input;
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "ž";
  input["name"] = text;
  input["list"] = json::array(10'000, json::value(1));
  FieldReader fields(input);
  fields.text("name", {.max_characters = 5});
  fields.text("list", {});
  const auto outcome = fields.finish();
  EXPECT_LT(outcome.error().fields[0].value_json.size(), 300u);
  EXPECT_TRUE(json::parse(outcome.error().fields[0].value_json).is_string());
  EXPECT_EQ(outcome.error().fields[1].value_json, "");
}

TEST(FieldReader, NamesFieldsOfNestedObjectsByTheirPath) {
  const json::object input = parse(R"({"permissions":{"messages":{"send":"yes"},"contacts":3}})");
  FieldReader fields(input);
  auto permissions = fields.object("permissions");
  ASSERT_TRUE(permissions);
  permissions->object("messages")->boolean("send");
  EXPECT_FALSE(permissions->object("contacts"));
  EXPECT_EQ(failures(fields),
            "permissions.messages.send must be true or false\n"
            "permissions.contacts must be an object\n");
}

TEST(FieldReader, KeepsTheListOfFailuresShort) {
  json::object input;
  FieldReader fields(input);
  for (int i = 0; i < 1'000; ++i) fields.refuse("field" + std::to_string(i), "is wrong");
  EXPECT_LE(fields.finish().error().fields.size(), 64u);
}

TEST(FieldReader, SaysWhichChoicesThereAre) {
  const json::object input = parse(R"({"sort":"up"})");
  FieldReader fields(input);
  constexpr std::string_view kSort[] = {"asc", "desc"};
  EXPECT_FALSE(fields.choice("sort", kSort));
  EXPECT_EQ(failures(fields), "sort must be one of asc, desc\n");
}

TEST(FieldReader, TakesTimesInTheFutureOnly) {
  const json::object input = parse(R"({"a":"2030-01-01T00:00:00Z","b":"2020-01-01","c":"soon","d":12})");
  FieldReader fields(input);
  const WallTime now = *parse_iso8601("2026-11-23T12:00:00Z");
  EXPECT_EQ(to_iso8601(*fields.time_after("a", now)), "2030-01-01T00:00:00.000Z");
  EXPECT_FALSE(fields.time_after("b", now));
  EXPECT_FALSE(fields.time_after("c", now));
  EXPECT_FALSE(fields.time_after("d", now));
  EXPECT_FALSE(fields.finish());
}

TEST(Iso8601, ReadsTheUsualForms) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"2026-11-23", "2026-11-23T00:00:00.000Z"},
      {"2026-11-23T19:05Z", "2026-11-23T19:05:00.000Z"},
      {"2026-11-23T19:05:06.7Z", "2026-11-23T19:05:06.700Z"},
      {"2026-11-23T19:05:06.123456789Z", "2026-11-23T19:05:06.123Z"},
      {"2026-11-23T01:00:00+02:00", "2026-11-22T23:00:00.000Z"},
      {"2026-11-23T01:00:00-0130", "2026-11-23T02:30:00.000Z"},
      {"2024-02-29", "2024-02-29T00:00:00.000Z"},
  };
  for (const auto& [text, expected] : cases) {
    const auto time = parse_iso8601(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(to_iso8601(*time), expected) << text;
  }
}

TEST(Iso8601, RefusesWhatIsNoTime) {
  for (const std::string_view text :
       {"", "2026", "2026-13-01", "2026-02-29", "2026-11-23T", "2026-11-23T25:00Z", "2026-11-23T19:60Z",
        "2026-11-23T19:05:06.Z", "2026-11-23T19:05+2", "2026-11-23 x", "+026-11-23", "2026-11-23T19:05Zjunk",
        "2026-11-23T19:05:06.1234567890Z"}) {
    EXPECT_FALSE(parse_iso8601(text)) << text;
  }
}

TEST(Email, AcceptsAddressesThatPeopleHave) {
  for (const std::string_view text : {"a@example.com", "first.last+tag@sub.example.co", "o'neil@example.org",
                                      "x@bücher.example", "x@example.xn--p1ai"}) {
    EXPECT_TRUE(looks_like_email(text)) << text;
  }
}

TEST(Email, RefusesWhatCannotBeOne) {
  for (const std::string_view text :
       {"", "@", "a@", "@example.com", "a@localhost", "a@b@example.com", "a b@example.com", "a@example..com",
        "a@-example.com", "a@example.c", "a@127.0.0.1", ".a@example.com", "a..b@example.com",
        "a@example.com.", "<a>@example.com"}) {
    EXPECT_FALSE(looks_like_email(text)) << text;
  }
}

http::Request with_body(std::string body, std::string content_type = "application/json") {
  http::Request request;
  request.method = http::Method::kPost;
  request.body = std::move(body);
  if (!content_type.empty()) request.headers.emplace_back("content-type", std::move(content_type));
  return request;
}

TEST(JsonBody, AcceptsJsonUnderItsManyNames) {
  for (const char* type :
       {"application/json", "Application/JSON; charset=utf-8", "application/problem+json", ""}) {
    EXPECT_TRUE(read_json_object(with_body(R"({"a":1})", type))) << type;
  }
}

TEST(JsonBody, TakesAnAbsentBodyForAnEmptyObject) {
  EXPECT_TRUE(read_json_object(with_body("", "text/plain")));
}

TEST(JsonBody, RefusesOtherMediaTypes) {
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded", "application/jsonx", "json"}) {
    const auto outcome = read_json_object(with_body("{}", type));
    ASSERT_FALSE(outcome) << type;
    EXPECT_EQ(outcome.error().error.code, ErrorCode::kValidation);
    EXPECT_EQ(outcome.error().status, 415);
  }
}

TEST(JsonBody, SaysWhereTheJsonIsBroken) {
  const auto outcome = read_json_object(with_body("{\n  \"a\": 1,\n  \"b\": oops\n}"));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().error.code, ErrorCode::kValidation);
  EXPECT_NE(outcome.error().error.message.find("line 3, column "), std::string::npos)
      << outcome.error().error.message;
}

TEST(JsonBody, RefusesGarbageOfEveryKind) {
  for (const std::string& body :
       {std::string("{"), std::string("{\"a\":1}x"), std::string("{\"a\":\"\xff\"}"), std::string("\0\0", 2),
        std::string("{a:1}"), std::string("{\"a\":1,}"), std::string("{\"a\":\"\\ud800\"}"),
        std::string("   ")}) {
    const auto outcome = read_json_object(with_body(body));
    ASSERT_FALSE(outcome) << body;
    EXPECT_EQ(outcome.error().error.code, ErrorCode::kValidation) << body;
  }
}

TEST(JsonBody, RefusesJsonThatIsNoObject) {
  for (const char* body : {"[]", "1", "\"text\"", "null"}) {
    const auto outcome = read_json_object(with_body(body));
    ASSERT_FALSE(outcome) << body;
    EXPECT_EQ(outcome.error().error.code, ErrorCode::kValidation) << body;
  }
}

TEST(JsonBody, LimitsSizeAndDepth) {
  const auto large = read_json_object(with_body("{\"a\":\"" + std::string(2'000'000, 'x') + "\"}"));
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().error.code, ErrorCode::kValidation);
  EXPECT_EQ(large.error().status, 413);

  const auto deep =
      read_json_object(with_body("{\"a\":" + std::string(500'000, '[') + std::string(500'000, ']') + "}"));
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().error.code, ErrorCode::kValidation);
  EXPECT_NE(deep.error().error.message.find("nested"), std::string::npos);
}

TEST(JsonBody, IgnoresAByteOrderMark) {
  EXPECT_TRUE(read_json_object(with_body("\xEF\xBB\xBF{\"a\":1}")));
}

}  // namespace
}  // namespace patchbay::rest
