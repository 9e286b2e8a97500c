#include "websocket/deflate_extension.h"

#include <gtest/gtest.h>

namespace patchbay::websocket {
namespace {

constexpr DeflateOptions kOn{.enabled = true};

// "bits: header", or why not.
std::string answer(std::string_view offer, const DeflateOptions& options = kOn) {
  const auto given = answer_deflate_offer(offer, options);
  if (!given) return "malformed";
  if (!given->agreement) return given->header.empty() ? "none" : "contradiction";
  return std::to_string(given->agreement.send_window_bits) + ":" + given->header;
}

const std::string kPlain = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

TEST(DeflateExtension, AgreesOnTheFirstOfferThatItCanKeep) {
  const std::pair<std::string, std::string> cases[] = {
      {"permessage-deflate", "15:" + kPlain},
      {"permessage-deflate; client_max_window_bits", "15:" + kPlain},
      {"permessage-deflate;client_max_window_bits=8", "15:" + kPlain},
      {"permessage-deflate; server_no_context_takeover; client_no_context_takeover", "15:" + kPlain},
      {"permessage-deflate; server_max_window_bits=10", "10:" + kPlain + "; server_max_window_bits=10"},
      {"permessage-deflate; server_max_window_bits=\"12\"", "12:" + kPlain + "; server_max_window_bits=12"},
      {"permessage-deflate; server_max_window_bits=\"1\\2\"", "12:" + kPlain + "; server_max_window_bits=12"},
      {"permessage-deflate; server_max_window_bits=8", "8:" + kPlain + "; server_max_window_bits=8"},
      {"x-other; a=b, permessage-deflate", "15:" + kPlain},
      {"permessage-deflate; server_max_window_bits=16, permessage-deflate", "15:" + kPlain},
      {",, permessage-deflate ,", "15:" + kPlain},
      {" permessage-deflate\t;\tclient_max_window_bits = 15 ", "15:" + kPlain},
  };
  for (const auto& [offer, wanted] : cases) EXPECT_EQ(answer(offer), wanted) << offer;
  EXPECT_EQ(answer("permessage-deflate", {.enabled = true, .window_bits = 11}), "11:" + kPlain);
  EXPECT_EQ(answer("permessage-deflate; server_max_window_bits=13", {.enabled = true, .window_bits = 11}),
            "11:" + kPlain + "; server_max_window_bits=11");
}

TEST(DeflateExtension, PassesOverOffersThatMakeNoSense) {
  for (const char* const offer :
       {"x-webkit-deflate-frame", "PerMessage-Deflate", "permessage-deflate; unknown",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover=x",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate; server_max_window_bits", "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16", "permessage-deflate; server_max_window_bits=08",
        "permessage-deflate; server_max_window_bits=1e1", "permessage-deflate; client_max_window_bits=0",
        "permessage-deflate; client_max_window_bits; client_max_window_bits=15",
        "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
        "permessage-deflate; __proto__; constructor=x"})
    EXPECT_EQ(answer(offer), "none") << offer;
}

TEST(DeflateExtension, TellsAMalformedHeaderFromOneWithoutAnOffer) {
  std::string many = "a";
  for (size_t i = 0; i < kMaxExtensions; ++i) many += ", a";
  std::string long_winded = "a";
  for (size_t i = 0; i <= kMaxExtensionParameters; ++i) long_winded += "; b";
  for (const std::string& header :
       {std::string(), std::string(","), std::string("permessage-deflate;"),
        std::string("permessage-deflate; ;"), std::string("permessage-deflate; a="),
        std::string("permessage-deflate; a=\""), std::string("permessage-deflate; a=\"x"),
        std::string("permessage-deflate; a=\"x y\""), std::string("permessage-deflate; a=\"\""),
        std::string("permessage-deflate; a=\"x\\"), std::string("permessage-deflate x"),
        std::string("permessage-deflate; a=b c"), std::string("=a"), std::string("permessage-deflate; =a"),
        std::string("a\x01"), std::string(32'000, ';'), many, long_winded})
    EXPECT_EQ(answer(header), "malformed") << header.substr(0, 60);
}

TEST(DeflateExtension, AClientTakesTheAnswersThatItsOfferAllows) {
  EXPECT_EQ(answer(deflate_offer()), "15:" + kPlain) << "our own server takes it";
  const std::pair<std::string, int> good[] = {
      {kPlain, 15},
      {"permessage-deflate; server_no_context_takeover", 15},
      {kPlain + "; client_max_window_bits=10", 10},
      {kPlain + "; client_max_window_bits=8; server_max_window_bits=9", 8},
  };
  for (const auto& [header, bits] : good) {
    const auto agreed = check_deflate_answer(header);
    ASSERT_TRUE(agreed) << header;
    EXPECT_EQ(agreed->send_window_bits, bits) << header;
  }
  for (const std::string& header :
       {std::string("permessage-deflate"), std::string("permessage-deflate; client_no_context_takeover"),
        kPlain + "; client_max_window_bits", kPlain + "; other", kPlain + ", permessage-deflate",
        std::string("x-other"), std::string(), std::string("permessage-deflate;")})
    EXPECT_FALSE(check_deflate_answer(header)) << header;
}

}  // namespace
}  // namespace patchbay::websocket
