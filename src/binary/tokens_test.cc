#include "binary/tokens.h"

#include <string>

#include <gtest/gtest.h>
#include <openssl/sha.h>

#include "base/bytes.h"

namespace patchbay::binary {
namespace {

// Hexadecimal SHA-256 of the texts of [begin, end), joined with line feeds.
std::string checksum(size_t begin, size_t end) {
  std::string joined;
  for (size_t number = begin; number < end; ++number) {
    if (number != begin) joined += '\n';
    joined += token_text(static_cast<TokenNumber>(number));
  }
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(joined.data()), joined.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return to_hex(digest);
}

TEST(Tokens, AreThoseOfDictionaryVersionThree) {
  EXPECT_EQ(checksum(1, kSingleByteTokens),
            "2ec850d399a28112e4b4165ae4d68962f58b0aa6766de1622d4caef1a2e6b8b5");
  EXPECT_EQ(checksum(kSingleByteTokens, kTokens),
            "400b612b8c86d055404cee1b205c908a4db35bd57683b4903f72d003ff52144d");
  EXPECT_EQ(token_text(0), "");
  EXPECT_EQ(token_text(3), "s.whatsapp.net");
}

TEST(Tokens, AreFoundByTheirText) {
  for (size_t number = 1; number < kTokens; ++number)
    EXPECT_EQ(find_token(token_text(static_cast<TokenNumber>(number))), static_cast<TokenNumber>(number));
}

TEST(Tokens, AreNotFoundForTextThatIsInNoDictionary) {
  for (const std::string_view text :
       {"", "s.whatsapp.ne", "s.whatsapp.net ", "S.whatsapp.net", "xmlstreamstart\n"})
    EXPECT_EQ(find_token(text), std::nullopt) << text;
  EXPECT_EQ(find_token(std::string_view("type\0", 5)), std::nullopt);
  EXPECT_EQ(find_token(std::string(100'000, 'a')), std::nullopt);
}

}  // namespace
}  // namespace patchbay::binary
