#include "net/proxy.h"

#include <gtest/gtest.h>

namespace patchbay::net {
namespace {

TEST(ProxyAddress, IsTakenApart) {
  const auto full = Proxy::parse("http://us%20er:p%3Ass%40@proxy.example:3128/");
  ASSERT_TRUE(full) << full.error().message;
  EXPECT_EQ(full->kind, Proxy::Kind::kHttp);
  EXPECT_EQ(full->host, "proxy.example");
  EXPECT_EQ(full->port, 3128);
  EXPECT_EQ(full->user, "us er");
  EXPECT_EQ(full->password, "p:ss@");
  const auto v6 = Proxy::parse("socks5://[::1]:9050");
  ASSERT_TRUE(v6) << v6.error().message;
  EXPECT_EQ(v6->kind, Proxy::Kind::kSocks5);
  EXPECT_EQ(v6->host, "::1");
  EXPECT_EQ(v6->port, 9050);
  EXPECT_EQ(v6->user, "");
}

TEST(ProxyAddress, HasThePortOfItsKindWhenNoneIsGiven) {
  EXPECT_EQ(Proxy::parse("http://p")->port, 8080);
  EXPECT_EQ(Proxy::parse("SOCKS5h://p")->port, 1080);
}

TEST(ProxyAddress, AnythingElseIsRefusedWithoutQuotingIt) {
  const std::string long_password(Proxy::kMaxCredentialBytes + 1, 'x');
  for (const std::string& wrong : {std::string(),
                                   std::string("proxy:8080"),
                                   std::string("https://u:hunter2@p:1"),
                                   std::string("ftp://u:hunter2@p"),
                                   std::string("http://u:hunter2@"),
                                   std::string("http://u:hunter2@p:"),
                                   std::string("http://u:hunter2@p:0"),
                                   std::string("http://u:hunter2@p:65536"),
                                   std::string("http://u:hunter2@p:4294967297"),
                                   std::string("http://u:hunter2@p:8x"),
                                   std::string("http://u:hunter2@p/path"),
                                   std::string("http://u:hunter2@p?x"),
                                   std::string("http://u:hunter2%0d%0a@p"),
                                   std::string("http://u:hunter2%@p"),
                                   std::string("http://:hunter2@p"),
                                   std::string("http://a%3Ab:hunter2@p"),
                                   std::string("socks5://u@p"),
                                   std::string("http://u:hunter2@[::1"),
                                   std::string("http://u:hunter2@[::1]x"),
                                   std::string("http://u:hunter2@[p]"),
                                   std::string("http://u:hunter2@p q"),
                                   std::string("http://u:hunter2@p_%41"),
                                   "http://u:" + long_password + "@p",
                                   "http://" + std::string(3000, 'p')}) {
    const auto refused = Proxy::parse(wrong);
    ASSERT_FALSE(refused) << wrong;
    EXPECT_EQ(refused.error().code, ErrorCode::kConfiguration);
    EXPECT_EQ(refused.error().message.find("hunter2"), std::string::npos) << refused.error().message;
  }
}

TEST(ProxyAddress, IsDescribedWithoutItsCredentials) {
  EXPECT_EQ(Proxy::parse("http://u:hunter2@p.example:3128")->describe(), "the proxy 'p.example' port 3128");
}

}  // namespace
}  // namespace patchbay::net
