#include "engineio/header_list.h"

#include <iterator>
#include <vector>

#include <gtest/gtest.h>

namespace patchbay::engineio {
namespace {

static_assert(std::forward_iterator<HeaderList::Iterator>);
using Pairs = std::vector<HeaderList::value_type>;

Pairs all(const HeaderList& list) {
  Pairs pairs;
  for (const auto& field : list) pairs.push_back(field);
  return pairs;
}

TEST(HeaderList, KeepsFieldsInOrderWithRepetitionsAndEmptyValues) {
  HeaderList list;
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(all(list), Pairs{});
  list.emplace_back("host", "example.com:3000");
  list.emplace_back("x-empty", "");
  list.emplace_back("cookie", "a=1");
  list.emplace_back("cookie", "b=2");
  EXPECT_EQ(all(list),
            (Pairs{{"host", "example.com:3000"}, {"x-empty", ""}, {"cookie", "a=1"}, {"cookie", "b=2"}}));
}

TEST(HeaderList, FindsTheFirstOfAName) {
  HeaderList list;
  list.emplace_back("cookie", "a=1");
  list.emplace_back("cookie", "b=2");
  list.emplace_back("x-empty", "");
  EXPECT_EQ(list.find("cookie"), "a=1");
  EXPECT_EQ(list.find("x-empty"), "");
  EXPECT_EQ(list.find("a=1"), std::nullopt) << "a value is not a name";
  EXPECT_EQ(list.find("cook"), std::nullopt);
}

TEST(HeaderList, LeavesOutAFieldThatCannotBeOne) {
  HeaderList list;
  list.emplace_back("x", std::string_view("a\0y\0b", 5));
  list.emplace_back(std::string_view("x\0y", 3), "v");
  list.emplace_back("z", "1");
  EXPECT_EQ(all(list), (Pairs{{"z", "1"}}));
}

}  // namespace
}  // namespace patchbay::engineio
