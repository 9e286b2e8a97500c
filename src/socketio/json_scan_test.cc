#include "socketio/json_scan.h"

#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

namespace patchbay::socketio {
namespace {

// In a block of its own size, at every alignment, so that a sanitizer sees each read past the end.
bool valid_everywhere(std::string_view text, const JsonLimits& limits = {}) {
  const bool valid = is_valid_json(text, limits);
  for (size_t offset = 0; offset < 8; ++offset) {
    std::vector<char> alone(offset + text.size());
    std::copy(text.begin(), text.end(), alone.begin() + static_cast<ptrdiff_t>(offset));
    EXPECT_EQ(is_valid_json({alone.data() + offset, text.size()}, limits), valid) << text;
  }
  return valid;
}

const std::string_view kValid[] = {
    "null",
    "true",
    "false",
    "0",
    "-0",
    "10",
    "-1.5",
    "1e9",
    "1E+9",
    "1.25e-3",
    "\"\"",
    "\"plain\"",
    "[]",
    "{}",
    " \t\r\n[ ] ",
    "[1,2,3]",
    "[ 1 , 2 ]",
    "{\"a\":1}",
    "{ \"a\" : [ ] , \"b\" : { } }",
    "[[[[]]],[{}]]",
    R"("\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00")",
    "\"12345678\"",
    "\"1234567\\n\"",
    "\"\xc3\xa9\xe2\x82\xac\"",
    "\"\x7f\"",
    R"({"sid":"lv_VI97HAXpY6yYWAAAB","deep":{"list":[1,"two",null,true,{"x":-0.5}]}})",
    R"({"a":1,"a":2})",
};

const std::string_view kInvalid[] = {
    "",
    " ",
    "nul",
    "nullx",
    "True",
    "tru e",
    "-",
    "+1",
    "01",
    "-01",
    ".5",
    "1.",
    "1.e5",
    "1e",
    "1e+",
    "0x1",
    "1 2",
    "NaN",
    "Infinity",
    "\"",
    "\"abc",
    "\"a\\\"",
    "\"\\x\"",
    "\"\\u12\"",
    "\"\\u12g4\"",
    "\"\\u\"",
    "\"tab\there\"",
    "\"line\nbreak\"",
    "'single'",
    "[",
    "]",
    "[1,]",
    "[,1]",
    "[1 2]",
    "[1,,2]",
    "{",
    "}",
    "{1:2}",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "{,}",
    "{\"a\" 1}",
    "{\"a\":1 \"b\":2}",
    "[}",
    "{]",
    "[1}",
    "{\"a\":1]",
    "[]]",
    "[] []",
    "// comment\n1",
    "[1/*c*/]",
    "\xef\xbb\xbf[]",
    "\v1",
    "{\"a\":1}\x1e",
    "\"a\x1e"
    "b\"",
    "{a:1}",
    "undefined",
};

TEST(JsonScan, ValidTextIsAcceptedAndInvalidRefused) {
  for (const std::string_view text : kValid) EXPECT_TRUE(valid_everywhere(text)) << text;
  for (const std::string_view text : kInvalid) EXPECT_FALSE(valid_everywhere(text)) << text;
  using namespace std::string_view_literals;
  for (const std::string_view text : {"\0"sv, "[]\0"sv, "\"\0\""sv, "[\0]"sv})
    EXPECT_FALSE(valid_everywhere(text));
}

TEST(JsonScan, AgreesWithTheJsonLibraryOnEveryPrefix) {
  const JsonLimits strict{.check_utf8 = true, .allow_lone_surrogates = false};
  for (const std::string_view text : kValid)
    for (size_t size = 0; size <= text.size(); ++size) {
      boost::json::error_code error;
      boost::json::parse(text.substr(0, size), error);
      EXPECT_EQ(valid_everywhere(text.substr(0, size), strict), !error) << text.substr(0, size);
    }
}

TEST(JsonScan, NestingStopsAtTheLimit) {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(is_valid_json(nested(kMaxJsonDepth)));
  EXPECT_FALSE(is_valid_json(nested(kMaxJsonDepth + 1)));
  EXPECT_FALSE(is_valid_json(nested(100'000)));
  EXPECT_TRUE(is_valid_json(nested(3), {.max_depth = 3}));
  EXPECT_FALSE(is_valid_json(nested(4), {.max_depth = 3}));
  EXPECT_TRUE(is_valid_json("1", {.max_depth = 0}));
  EXPECT_FALSE(is_valid_json(nested(kMaxJsonDepth + 1), {.max_depth = 1'000'000}));
  std::string objects = "1";
  for (uint32_t i = 0; i < kMaxJsonDepth; ++i)
    objects = (i % 2 != 0) ? "[" + objects + "]" : "{\"k\":" + objects + "}";
  EXPECT_TRUE(is_valid_json(objects));
}

TEST(JsonScan, HalfASurrogatePairIsAcceptedUnlessForbidden) {
  for (const std::string_view text : {R"("\ud83d")", R"("\ude00")", R"("\ud83dx")", R"("\ud83d\n")",
                                      R"("\ud83d\ud83d")", R"("\ude00\ud83d")"}) {
    EXPECT_TRUE(valid_everywhere(text)) << text;
    EXPECT_FALSE(valid_everywhere(text, {.allow_lone_surrogates = false})) << text;
    // Repaired, every parser takes it.
    boost::json::error_code error;
    boost::json::parse(replace_lone_surrogates(text), error);
    EXPECT_FALSE(error) << text;
  }
  EXPECT_FALSE(is_valid_json(R"("\ud83d\u12")"));
}

TEST(JsonScan, RepairTouchesNothingButLoneSurrogates) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {R"(["\ud83d","\uD83D\uDE00"])", R"(["\ufffd","\uD83D\uDE00"])"},
      {R"(["\\ud83d"])", R"(["\\ud83d"])"},
      {R"(["\\\ud83d\\"])", R"(["\\\ufffd\\"])"},
      {R"(["\ud83d\ud83d\ude00"])", R"(["\ufffd\ud83d\ude00"])"},
      {"\\", "\\"},
      {"", ""},
  };
  for (const auto& [before, after] : cases) EXPECT_EQ(replace_lone_surrogates(before), after);
}

TEST(JsonScan, EncodingIsCheckedWhenAsked) {
  for (const std::string_view bad : {"\"\xff\"", "\"\xc3\"", "\"\xed\xa0\x80\"", "[\"\xe2\x82\"]"}) {
    EXPECT_TRUE(is_valid_json(bad)) << "the transport is trusted";
    EXPECT_FALSE(is_valid_json(bad, {.check_utf8 = true}));
  }
}

TEST(JsonScan, KindIsToldByTheFirstCharacter) {
  EXPECT_EQ(kind_of("null"), JsonKind::kNull);
  EXPECT_EQ(kind_of("true"), JsonKind::kBool);
  EXPECT_EQ(kind_of("false"), JsonKind::kBool);
  EXPECT_EQ(kind_of("-1"), JsonKind::kNumber);
  EXPECT_EQ(kind_of("7"), JsonKind::kNumber);
  EXPECT_EQ(kind_of("\"x\""), JsonKind::kString);
  EXPECT_EQ(kind_of("[]"), JsonKind::kArray);
  EXPECT_EQ(kind_of("{}"), JsonKind::kObject);
  for (const std::string_view text : {"", " 1", "abc", "]", "+1"})
    EXPECT_EQ(kind_of(text), JsonKind::kInvalid) << text;
}

std::vector<std::string> elements(std::string_view array) {
  std::vector<std::string> all;
  for (ArrayCursor cursor(array); const auto element = cursor.next();) all.emplace_back(*element);
  return all;
}

TEST(JsonScan, AnArrayIsSplitIntoTheTextOfItsElements) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(elements("[]"), Texts{});
  EXPECT_EQ(elements(" [ ] "), Texts{});
  EXPECT_EQ(elements("[1]"), Texts{"1"});
  EXPECT_EQ(elements(R"([ "a,]}" , {"b":[1,{"c":"]"}]} ,[ ], -1.5e3 ,null ])"),
            (Texts{R"("a,]}")", R"({"b":[1,{"c":"]"}]})", "[ ]", "-1.5e3", "null"}));
  EXPECT_EQ(elements(R"(["\"","\\",""])"), (Texts{R"("\"")", R"("\\")", R"("")"}));
}

TEST(JsonScan, TheRestBehindAnElementIsRawText) {
  ArrayCursor cursor(R"( [ "name" , 1 , {"a": 2} ] )");
  EXPECT_EQ(cursor.next(), R"("name")");
  EXPECT_EQ(cursor.rest(), R"(1 , {"a": 2})");
}

TEST(JsonScan, CursorsStayWithinGarbage) {
  for (const std::string_view text : kInvalid)
    for (size_t size = 0; size <= text.size(); ++size) {
      const std::vector<char> alone(text.begin(), text.begin() + static_cast<ptrdiff_t>(size));
      const std::string_view piece(alone.data(), alone.size());
      size_t steps = 0;
      for (ArrayCursor cursor(piece); cursor.next();) ASSERT_LE(++steps, text.size());
      for (JsonTokens tokens(piece); tokens.next();) ASSERT_LE(++steps, 2 * text.size());
      std::string storage;
      decode_json_string(piece, storage);
      split_event(piece, storage);
      replace_lone_surrogates(piece);
    }
}

TEST(JsonScan, TokensAreWalkedAtEveryDepth) {
  std::string all;
  for (JsonTokens tokens(R"( {"a" : [1, "x:y" , {"b":{}}], "c":null} )"); const auto token = tokens.next();) {
    all += *token;
    all += tokens.is_member_name() ? ": " : " ";
  }
  EXPECT_EQ(all, R"({ "a": [ 1 "x:y" { "b": { } } ] "c": null } )");
}

TEST(JsonScan, AStringWithoutEscapesIsAView) {
  const std::string_view text = R"("instance:status:changed")";
  const auto plain = plain_string(text);
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->data(), text.data() + 1);
  EXPECT_EQ(*plain, "instance:status:changed");
  std::string storage;
  EXPECT_EQ(decode_json_string(text, storage)->data(), text.data() + 1);
  for (const std::string_view other : {"", "\"", "1", R"("a\n")", R"("a)", R"("\")"})
    EXPECT_FALSE(plain_string(other));
}

TEST(JsonScan, EscapesAreDecoded) {
  std::string storage;
  EXPECT_EQ(decode_json_string(R"("\"\\\/\b\f\n\r\t")", storage), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(decode_json_string(R"("\u0041\u00e9\u20AC\uD83D\uDE00")", storage),
            "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
  EXPECT_EQ(decode_json_string(R"("a\ud83d")", storage), "a\xef\xbf\xbd");
  EXPECT_EQ(decode_json_string(R"("conn\u0065ct")", storage), "connect");
  EXPECT_FALSE(decode_json_string("[\"a\"]", storage));
}

TEST(JsonScan, AnEventIsItsNameAndTheRest) {
  std::string storage;
  const auto check = [&](std::string_view data, std::string_view name, std::string_view args) {
    const EventParts parts = split_event(data, storage);
    EXPECT_EQ(parts.name, name) << data;
    EXPECT_EQ(parts.args, args) << data;
  };
  check(R"(["message"])", "message", "");
  check(R"([ "message" , 1 , [2] ])", "message", "1 , [2]");
  check(R"(["m\u0065ssage",{"a":"]"}])", "message", R"({"a":"]"})");
  check("[1,2]", "1", "2");
}

TEST(JsonScan, WrittenStringsParseBack) {
  std::string every;
  for (int c = 0; c < 128; ++c) every += static_cast<char>(c);
  for (const std::string& text :
       {std::string(), std::string("plain"), every, std::string("\xe2\x82\xac \xf0\x9f\x98\x80")}) {
    std::string json;
    append_json_string(json, text);
    EXPECT_TRUE(is_valid_json(json, {.check_utf8 = true})) << json;
    EXPECT_EQ(boost::json::parse(json).as_string(), text);
    std::string storage;
    EXPECT_EQ(decode_json_string(json, storage), text);
  }
  std::string json = "x";
  append_json_string(json, "\x01\x1f\"");
  EXPECT_EQ(json, R"(x"\u0001\u001f\"")");
}

TEST(JsonScan, BytesThatAreNotUtf8AreWrittenAsReplacementCharacters) {
  std::string json;
  append_json_string(json, "a\xff\xc3\xa9\xe2\x82");
  EXPECT_EQ(json, "\"a\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\"");
}

}  // namespace
}  // namespace patchbay::socketio
