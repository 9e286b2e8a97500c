#include "realtime/credential_chain.h"

#include <gtest/gtest.h>

namespace patchbay::realtime {
namespace {

struct Offer {
  std::string auth = "{}";
  std::string query;
  std::string header;
};

// "method=token" for each, in order.
std::string chain(const Offer& offer) {
  auto request = std::make_shared<engineio::Handshake>();
  request->query = offer.query;
  if (!offer.header.empty()) request->headers.emplace_back("authorization", offer.header);
  std::string text;
  for (const Credential& credential : collect_credentials({.request = request, .auth_json = offer.auth}))
    text += std::string(to_string(credential.method)) + "=" + credential.token + ";";
  return text;
}

TEST(CredentialChain, KeepsTheOrderOfTheSetupGuide) {
  EXPECT_EQ(chain({.auth = R"({"authorization":"Bearer b","token":"a"})",
                   .query = "EIO=4&token=c&transport=polling",
                   .header = "Bearer d"}),
            "auth.token=a;auth.authorization=b;query.token=c;header.authorization=d;");
}

TEST(CredentialChain, LeavesOutWhatIsAbsentEmptyOrNotText) {
  EXPECT_EQ(chain({}), "");
  EXPECT_EQ(chain({.auth = R"({"token":"","authorization":"Bearer "})", .query = "token="}), "");
  EXPECT_EQ(chain({.auth = R"({"token":17,"authorization":{"x":1}})", .header = "Bearer d"}),
            "header.authorization=d;");
  EXPECT_EQ(chain({.auth = R"({"token":null})", .query = "token=a%2Eb"}), "query.token=a.b;");
}

TEST(CredentialChain, TakesABearerPrefixOrNoneAnywhereInAnyCase) {
  EXPECT_EQ(chain({.auth = R"({"token":"bearer a","authorization":"b"})", .header = "BEARER   c "}),
            "auth.token=a;auth.authorization=b;header.authorization=c;");
}

}  // namespace
}  // namespace patchbay::realtime
