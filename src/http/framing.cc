#include "http/framing.h"

#include <algorithm>
#include <cstring>

#include "http/characters.h"

namespace patchbay::http {
namespace {

// Decimal digits of a length that surely fits.
constexpr size_t kMaxLengthDigits = 18;
// Body bytes that are reserved at once on the word of a length.
constexpr size_t kMaxReserve = 64 * 1024;

bool are_value_characters(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return is_value_character(c); });
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

// Eight characters at a time.
bool is_field_value(std::string_view text) {
  constexpr uint64_t kOnes = 0x0101010101010101ull;
  constexpr uint64_t kHigh = 0x8080808080808080ull;
  size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, text.data() + i, 8);
    const uint64_t deleted = word ^ (kOnes * 0x7f);
    const uint64_t suspicious = ((word - kOnes * 0x20) & ~word) | ((deleted - kOnes) & ~deleted);
    // A tab is suspicious too, and a byte after one may be: look closer.
    if ((suspicious & kHigh) && !are_value_characters(text.substr(i, 8))) return false;
  }
  return are_value_characters(text.substr(i));
}

std::optional<uint64_t> parse_content_length(std::string_view value) {
  if (value.empty() || !std::ranges::all_of(value, is_digit)) return std::nullopt;
  value.remove_prefix(std::min(value.find_first_not_of('0'), value.size()));
  if (value.size() > kMaxLengthDigits) return UINT64_MAX;
  uint64_t length = 0;
  for (const char c : value) length = length * 10 + static_cast<uint64_t>(c - '0');
  return length;
}

ChunkLine parse_chunk_line(std::string_view line) {
  ChunkLine chunk;
  size_t digits = 0;
  for (; digits < line.size() && hex_value(line[digits]) >= 0; ++digits) {
    if (digits == kMaxChunkDigits) {
      chunk.verdict = ChunkLine::Verdict::kTooManyDigits;
      return chunk;
    }
    chunk.size = chunk.size << 4 | static_cast<uint64_t>(hex_value(line[digits]));
  }
  chunk.extensions = line.substr(digits);
  const bool good = digits > 0 && (chunk.extensions.empty() || chunk.extensions.front() == ';') &&
                    is_field_value(chunk.extensions);
  chunk.verdict = good ? ChunkLine::Verdict::kGood : ChunkLine::Verdict::kMalformed;
  return chunk;
}

size_t take_body(std::string& body, std::string_view bytes, uint64_t& remaining) {
  const auto size = static_cast<size_t>(std::min<uint64_t>(remaining, bytes.size()));
  if (body.empty()) body.reserve(std::min<uint64_t>(remaining, std::max(size, kMaxReserve)));
  body += bytes.substr(0, size);
  remaining -= size;
  return size;
}

}  // namespace patchbay::http
