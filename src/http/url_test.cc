#include "http/url.h"

#include <gtest/gtest.h>

namespace patchbay::http {
namespace {

TEST(Url, TakesAnAddressApart) {
  struct Case {
    std::string_view text;
    bool secure;
    std::string_view host;
    uint16_t port;
    std::string_view path, query, authority;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"http://localhost", false, "localhost", 80, "/", "", "localhost"},
           {"HTTPS://Example.ORG/", true, "example.org", 443, "/", "", "example.org"},
           {"ws://a_b-c.d:3000/x/y?q=1&r=%20", false, "a_b-c.d", 3000, "/x/y", "q=1&r=%20", "a_b-c.d:3000"},
           {"wss://[::1]:8443?a", true, "::1", 8443, "/", "a", "[::1]:8443"},
           {"http://127.0.0.1:80/", false, "127.0.0.1", 80, "/", "", "127.0.0.1"}}) {
    const auto url = Url::parse(c.text);
    ASSERT_TRUE(url) << c.text << ": " << url.error().message;
    EXPECT_EQ(url->secure, c.secure) << c.text;
    EXPECT_EQ(url->host, c.host);
    EXPECT_EQ(url->port, c.port) << c.text;
    EXPECT_EQ(url->path, c.path) << c.text;
    EXPECT_EQ(url->query, c.query) << c.text;
    EXPECT_EQ(url->authority(), c.authority) << c.text;
  }
}

TEST(Url, RefusesWhatItCannotUse) {
  for (const std::string_view text :
       {"", "localhost:3000", "ftp://a", "http://", "http:///path", "http://a b", "http://a\r\nb",
        "http://a/\xc3\xa4", "http://user:secret@a", "http://a:0", "http://a:65536",
        "http://a:", "http://a:1x", "http://a:99999999999", "http://[::1", "http://[::1]x", "http://[g]",
        "http://a/#x", "http://a,b"}) {
    const auto url = Url::parse(text);
    EXPECT_FALSE(url) << text;
    if (!url) {
      EXPECT_EQ(url.error().message.find("secret"), std::string::npos);
    }
  }
  EXPECT_FALSE(Url::parse("http://a/" + std::string(Url::kMaxBytes, 'x')));
}

TEST(Url, EncodesWhatAQueryMustNotHold) {
  EXPECT_EQ(percent_encode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encode("a b&c=\xc3\xa4+/"), "a%20b%26c%3D%C3%A4%2B%2F");
}

}  // namespace
}  // namespace patchbay::http
