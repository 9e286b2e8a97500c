#include "http/client_address.h"

#include <gtest/gtest.h>

namespace patchbay::http {
namespace {

Request from(std::string address, std::vector<std::string> forwarded = {}) {
  Request request{.remote_address = std::move(address)};
  for (std::string& value : forwarded) request.headers.emplace_back("x-forwarded-for", std::move(value));
  return request;
}

TrustedProxies proxies(const std::vector<std::string>& networks) {
  return TrustedProxies::parse(networks).value();
}

TEST(TrustedProxies, NobodyIsBelievedByDefault) {
  EXPECT_EQ(TrustedProxies().client_of(from("127.0.0.1", {"6.6.6.6"})), "127.0.0.1");
}

TEST(TrustedProxies, AHeaderFromAStrangerIsIgnored) {
  EXPECT_EQ(proxies({"10.0.0.0/8"}).client_of(from("11.0.0.1", {"6.6.6.6"})), "11.0.0.1");
}

TEST(TrustedProxies, TheClientIsTheLastAddressThatIsNoProxy) {
  const TrustedProxies ours = proxies({"10.0.0.0/8", "::1", "2001:db8::/32"});
  EXPECT_EQ(ours.client_of(from("10.1.2.3", {"6.6.6.6"})), "6.6.6.6");
  EXPECT_EQ(ours.client_of(from("10.1.2.3", {"1.1.1.1, 6.6.6.6, 10.9.9.9"})), "6.6.6.6")
      << "what stands left of it the client may have made up";
  EXPECT_EQ(ours.client_of(from("::1", {"1.1.1.1", "6.6.6.6", " 10.9.9.9 ,2001:db8::5"})), "6.6.6.6");
  EXPECT_EQ(ours.client_of(from("10.1.2.3", {"10.4.4.4,10.5.5.5"})), "10.4.4.4") << "all are proxies";
  EXPECT_EQ(ours.client_of(from("10.1.2.3")), "10.1.2.3");
  EXPECT_EQ(ours.client_of(from("10.1.2.3", {"6.6.6.6:4711"})), "6.6.6.6");
  EXPECT_EQ(ours.client_of(from("10.1.2.3", {"[2001:db9::1]:4711"})), "2001:db9::1");
}

TEST(TrustedProxies, WhatIsNoAddressEndsTheSearch) {
  const TrustedProxies ours = proxies({"10.0.0.0/8"});
  for (const std::string bad : {"", "unknown", "6.6.6", "<script>", "[", "[]", ",", "6.6.6.6,"})
    EXPECT_EQ(ours.client_of(from("10.1.2.3", {bad})), "10.1.2.3") << bad;
  EXPECT_EQ(ours.client_of(from("10.1.2.3", {"6.6.6.6, junk, 10.7.7.7"})), "10.7.7.7");
}

TEST(TrustedProxies, ALongHeaderIsNotWalkedForEver) {
  std::string hops = "6.6.6.6";
  for (int i = 0; i < 1000; ++i) hops += ",10.0.0.1";
  EXPECT_EQ(proxies({"10.0.0.0/8"}).client_of(from("10.1.2.3", {hops})), "10.0.0.1");
}

TEST(TrustedProxies, NetworksMayEndInsideAByteAndMatchMappedAddresses) {
  const TrustedProxies ours = proxies({"172.16.0.0/12", "0.0.0.0/0"});
  EXPECT_TRUE(ours.trusts("172.31.255.255"));
  EXPECT_TRUE(ours.trusts("::ffff:172.31.255.255"));
  EXPECT_TRUE(ours.trusts("8.8.8.8"));
  EXPECT_FALSE(ours.trusts("2001:db8::1")) << "all of IPv4 is not all of IPv6";
  EXPECT_FALSE(proxies({"172.16.0.0/12"}).trusts("172.32.0.0"));
}

TEST(TrustedProxies, RefusesWhatIsNoNetworkAndNamesIt) {
  for (const std::string bad :
       {"", "proxy.local", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/8x", "1.2.3/8"}) {
    const auto parsed = TrustedProxies::parse({bad});
    ASSERT_FALSE(parsed) << bad;
    EXPECT_NE(parsed.error().message.find("'" + bad + "'"), std::string::npos);
  }
}

}  // namespace
}  // namespace patchbay::http
