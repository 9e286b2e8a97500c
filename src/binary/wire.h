// The first bytes of values in binary nodes, and what else encoder and decoder must agree upon. Internal to
// the module. Constants; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "binary/jid.h"

namespace patchbay::binary::wire {

inline constexpr uint8_t kCompressed = 2;  // a bit of the frame's flag byte

// 1 to 235 are single-byte tokens, 240 to 244 mean nothing.
inline constexpr uint8_t kNothing = 0;  // an empty list, an absent string
inline constexpr uint8_t kDictionary0 = 236;
inline constexpr uint8_t kDictionary3 = 239;
inline constexpr uint8_t kInteropJid = 245;
inline constexpr uint8_t kMessengerJid = 246;
inline constexpr uint8_t kDeviceJid = 247;
inline constexpr uint8_t kList8 = 248;
inline constexpr uint8_t kList16 = 249;
inline constexpr uint8_t kJidPair = 250;
inline constexpr uint8_t kPackedHex = 251;
inline constexpr uint8_t kBytes8 = 252;
inline constexpr uint8_t kBytes20 = 253;
inline constexpr uint8_t kBytes32 = 254;
inline constexpr uint8_t kPackedNibble = 255;

inline constexpr std::string_view kNibbleDigits = "0123456789-.";
inline constexpr std::string_view kHexDigits = "0123456789ABCDEF";
inline constexpr uint8_t kOddLength = 0x80;    // of a packed string: its last half byte is padding
inline constexpr size_t kMaxPackedText = 127;  // longer text is written as it is

// The domain byte of 247.
inline constexpr std::array<std::pair<uint8_t, std::string_view>, 4> kDomains{{
    {0, kUserServer},
    {1, kLidServer},
    {128, kHostedServer},
    {129, kHostedLidServer},
}};

}  // namespace patchbay::binary::wire
