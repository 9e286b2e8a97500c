// Where a message ends, read alike in requests and in answers (RFC 9112 §§6, 7): lengths, sizes of chunks,
// and the bytes between. What is wrong is the parsers' to say. Pure functions; any thread. Internal to the
// module.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace patchbay::http {

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// What may stand behind the colon of a header, see is_value_character().
bool is_field_value(std::string_view text);

// Of Content-Length: nothing unless it is one or more digits. Saturates: anything past a sane length is past
// every limit too.
std::optional<uint64_t> parse_content_length(std::string_view value);

// Hexadecimal digits of a chunk's size; 16 would be all of 64 bits.
inline constexpr size_t kMaxChunkDigits = 15;

// The line before a chunk, without its end.
struct ChunkLine {
  enum class Verdict : uint8_t { kGood, kTooManyDigits, kMalformed };
  Verdict verdict = Verdict::kMalformed;
  uint64_t size = 0;
  std::string_view extensions;  // §7.1.1: they mean nothing here, but they count
};
ChunkLine parse_chunk_line(std::string_view line);

// Adds to `body` what `bytes` begins with of the `remaining` ones, of the body or the chunk; takes it off
// there, and returns how many bytes it was.
size_t take_body(std::string& body, std::string_view bytes, uint64_t& remaining);

}  // namespace patchbay::http
