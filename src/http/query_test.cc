#include "http/query.h"

#include <gtest/gtest.h>

namespace patchbay::http {
namespace {

TEST(QueryParameter, FindsTheFirstOfThatNameDecoded) {
  EXPECT_EQ(query_parameter("a=1&b=2&a=3", "a"), "1");
  EXPECT_EQ(query_parameter("t=a%20b+c%2B", "t"), "a b c+");
  EXPECT_EQ(query_parameter("%74oken=x", "token"), "x");
  EXPECT_EQ(query_parameter("a=b=c", "a"), "b=c");
}

TEST(QueryParameter, ComparesNamesOnlyDecoded) {
  EXPECT_EQ(query_parameter("%=1&%25=2", "%"), "2") << "a broken name is nobody's";
  EXPECT_EQ(query_parameter("a+b=1&a%2Bb=2", "a+b"), "2");
}

TEST(QueryParameter, TellsEmptyFromAbsentAndBroken) {
  EXPECT_EQ(query_parameter("a&b=", "a"), "");
  EXPECT_EQ(query_parameter("a&b=", "b"), "");
  EXPECT_EQ(query_parameter("aa=1&&", "a"), std::nullopt);
  EXPECT_EQ(query_parameter("", "a"), std::nullopt);
  EXPECT_EQ(query_parameter("a=%zz", "a"), std::nullopt);
  EXPECT_EQ(query_parameter("a=%2", "a"), std::nullopt);
}

}  // namespace
}  // namespace patchbay::http
