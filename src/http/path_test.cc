#include "http/path.h"

#include <gtest/gtest.h>

namespace patchbay::http {
namespace {

TEST(Path, EverySpellingOfAPathGivesOneForm) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "/"},
      {"/", "/"},
      {"/api/instances", "/api/instances"},
      {"/a%20b", "/a b"},
      {"/%61pi", "/api"},
      {"/caf%C3%A9", "/caf\u00e9"},
      {"/a+b", "/a+b"},
      {"/100%25", "/100%"},
      {"/./a/./b", "/a/b"},
      {"/a/../b", "/b"},
      {"/a/b/..", "/a/"},
      {"/a/b/.", "/a/b/"},
      {"/a/%2e%2E/b", "/b"},
      {"/a/.%2e/b", "/b"},
      {"/.well-known/x", "/.well-known/x"},
      {"/a/...", "/a/..."},
      {"/a..b/c", "/a..b/c"},
      {"//a//b/", "//a//b/"},
      {"/a//../b", "/a/b"},
      {"/a/", "/a/"},
      {"/a/..", "/"},
  };
  for (const auto& [raw, normal] : cases) {
    const auto path = normalize_path(raw);
    ASSERT_TRUE(path) << raw;
    EXPECT_EQ(*path, normal) << raw;
    EXPECT_TRUE(path->starts_with('/'));
  }
}

TEST(Path, TraversalAndTrickeryAreRefused) {
  for (const std::string_view raw : {"x",          "*",         "/..",      "/../etc/passwd",
                                     "/a/../../b", "/%2e%2e/b", "/a%2fb",   "/..%2f..%2fetc",
                                     "/a%5Cb",     "/..\\x",    "/a%00b",   "/a%0d%0ab",
                                     "/%7f",       "/%",        "/%4",      "/%zz",
                                     "/a%c0%af",   "/%ff",      "/.%00./x", "/a b\x01"}) {
    const auto path = normalize_path(raw);
    ASSERT_FALSE(path) << raw;
    EXPECT_EQ(path.error().code, ErrorCode::kBadRequest);
    EXPECT_FALSE(path.error().message.empty());
  }
}

}  // namespace
}  // namespace patchbay::http
