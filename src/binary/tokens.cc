#include "binary/tokens.h"

#include <array>

#include "binary/token_data.h"

namespace patchbay::binary {

namespace {

constexpr size_t kTextBytes = sizeof(kTokenText) - 1;  // the last token's zero byte is the last one counted

// Where each token begins, and behind the last one the end.
constexpr std::array<uint16_t, kTokens + 1> kOffsets = [] {
  static_assert(kTextBytes <= UINT16_MAX);
  std::array<uint16_t, kTokens + 1> offsets{};
  size_t count = 0;
  for (size_t at = 0; at < kTextBytes; ++at)
    if (kTokenText[at] == '\0') offsets.at(++count) = static_cast<uint16_t>(at + 1);
  if (count != kTokens) throw "token_data.h does not hold 236 + 4 * 256 tokens";
  return offsets;
}();

constexpr std::string_view text_of(size_t number) {
  return {kTokenText + kOffsets[number], static_cast<size_t>(kOffsets[number + 1] - kOffsets[number] - 1)};
}

// FNV-1a.
constexpr uint32_t hash(std::string_view text) {
  uint32_t value = 2'166'136'261;
  for (const char character : text) value = (value ^ static_cast<uint8_t>(character)) * 16'777'619;
  return value;
}

// Open addressing, less than a third full; 0 marks a free slot, the empty token is not in it.
constexpr size_t kSlots = 4'096;
constexpr std::array<TokenNumber, kSlots> kTable = [] {
  std::array<TokenNumber, kSlots> table{};
  for (size_t number = 1; number < kTokens; ++number) {
    size_t slot = hash(text_of(number)) % kSlots;
    while (table[slot] != 0) slot = (slot + 1) % kSlots;
    table[slot] = static_cast<TokenNumber>(number);
  }
  return table;
}();

constexpr size_t kLongestToken = [] {
  size_t longest = 0;
  for (size_t number = 0; number < kTokens; ++number)
    if (text_of(number).size() > longest) longest = text_of(number).size();
  return longest;
}();

}  // namespace

std::string_view token_text(TokenNumber number) {
  return text_of(number);
}

std::optional<TokenNumber> find_token(std::string_view text) {
  if (text.empty() || text.size() > kLongestToken) return std::nullopt;
  for (size_t slot = hash(text) % kSlots; kTable[slot] != 0; slot = (slot + 1) % kSlots)
    if (text_of(kTable[slot]) == text) return kTable[slot];
  return std::nullopt;
}

}  // namespace patchbay::binary
