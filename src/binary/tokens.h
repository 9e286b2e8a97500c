// The dictionaries of binary nodes (version 3): from a token's number to its text and back. Internal to the
// module. Pure functions; any thread. The data: token_data.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace patchbay::binary {

inline constexpr size_t kSingleByteTokens =
    236;  // number 0 means "nothing" on the wire, and its text is empty
inline constexpr size_t kDictionaries = 4;
inline constexpr size_t kDictionaryTokens = 256;
inline constexpr size_t kTokens = kSingleByteTokens + kDictionaries * kDictionaryTokens;

// 0 to kTokens - 1: the single-byte tokens, then the dictionaries one behind the other.
using TokenNumber = uint16_t;

// Static storage.
std::string_view token_text(TokenNumber number);
// Nothing for text that is in no dictionary.
std::optional<TokenNumber> find_token(std::string_view text);

}  // namespace patchbay::binary
