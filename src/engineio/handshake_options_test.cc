#include "engineio/handshake_options.h"

#include <stdexcept>

#include <gtest/gtest.h>

namespace patchbay::engineio {
namespace {

TEST(SessionCookie, SaysWhatWasAskedFor) {
  EXPECT_EQ(set_cookie({}, "abc"), "io=abc; Path=/; HttpOnly; SameSite=Lax");
  EXPECT_EQ(set_cookie({.name = "node",
                        .path = "/socket.io/",
                        .http_only = false,
                        .same_site = CookieOptions::SameSite::kStrict,
                        .max_age = std::chrono::hours(1)},
                       "abc"),
            "node=abc; Max-Age=3600; Path=/socket.io/; SameSite=Strict");
  EXPECT_EQ(set_cookie({.path = "", .same_site = CookieOptions::SameSite::kNone, .secure = true}, "abc"),
            "io=abc; HttpOnly; Secure; SameSite=None");
  EXPECT_EQ(set_cookie({.same_site = CookieOptions::SameSite::kUnset}, "abc"), "io=abc; Path=/; HttpOnly");
}

TEST(SessionCookie, IsCheckedBeforeTheServerStarts) {
  EXPECT_NO_THROW(check(CookieOptions{}));
  for (const CookieOptions& bad :
       {CookieOptions{.name = ""}, CookieOptions{.name = "a b"}, CookieOptions{.name = "a;b"},
        CookieOptions{.path = "/;x"}, CookieOptions{.path = "/\r\nX: y"},
        CookieOptions{.max_age = std::chrono::seconds(-1)},
        CookieOptions{.same_site = CookieOptions::SameSite::kNone}})
    EXPECT_THROW(check(bad), std::invalid_argument);
}

TEST(WithHeaders, AddsToAnAnswerThatIsWrittenAlready) {
  const std::string answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
  EXPECT_EQ(with_headers(answer, {}), answer);
  EXPECT_EQ(with_headers(answer, {{"set-cookie", "a=b"}, {"x", "y"}}),
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nset-cookie: a=b\r\nx: y\r\n\r\n");
  EXPECT_EQ(with_headers(answer, {{"x", "y\r\nz: 1"}, {"bad name", "1"}, {"", "1"}}), answer)
      << "nothing can be smuggled in";
}

}  // namespace
}  // namespace patchbay::engineio
