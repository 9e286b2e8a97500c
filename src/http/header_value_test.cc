#include "http/header_value.h"

#include <string>

#include <gtest/gtest.h>

namespace patchbay::http {
namespace {

TEST(HeaderValue, ListsAreSplitAtCommasAndTrimmed) {
  std::string_view list = " , keep-alive ,,\tUpgrade, ";
  EXPECT_EQ(next_list_item(list), "keep-alive");
  EXPECT_EQ(next_list_item(list), "Upgrade");
  EXPECT_EQ(next_list_item(list), "");
  EXPECT_EQ(next_list_item(list), "");
}

TEST(HeaderValue, ItemsAreFoundWholeAndInAnyCase) {
  EXPECT_TRUE(list_contains("Close", "close"));
  EXPECT_TRUE(list_contains("a, CLOSE", "close"));
  EXPECT_FALSE(list_contains("closed", "close"));
  EXPECT_FALSE(list_contains("a close", "close"));
  EXPECT_FALSE(list_contains("", "close"));
}

TEST(HeaderValue, TokensHaveNoSeparators) {
  EXPECT_TRUE(is_token("x-Some_thing.1!#$%&'*+^`|~"));
  for (const char c : std::string_view("\0 \t\"(),/:;<=>?@[\\]{}\x7f\x80", 22))
    EXPECT_FALSE(is_token(std::string("a") + c)) << int(c);
  EXPECT_FALSE(is_token(""));
}

}  // namespace
}  // namespace patchbay::http
