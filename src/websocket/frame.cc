#include "websocket/frame.h"

#include <cstring>

namespace patchbay::websocket {
namespace {

constexpr uint8_t kFin = 0x80;
constexpr uint8_t kMasked = 0x80;

size_t encode(char* out, Opcode opcode, uint64_t size, uint8_t mask_bit) {
  const auto put = [&](size_t at, uint64_t value) { out[at] = static_cast<char>(value & 0xff); };
  put(0, kFin | static_cast<uint8_t>(opcode));
  if (size <= 125) {
    put(1, mask_bit | size);
    return 2;
  }
  if (size <= 0xffff) {
    put(1, mask_bit | 126);
    put(2, size >> 8);
    put(3, size);
    return 4;
  }
  put(1, mask_bit | 127);
  for (size_t i = 0; i < 8; ++i) put(2 + i, size >> (56 - 8 * i));
  return 10;
}

std::string_view cut_at_character(std::string_view text, size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<uint8_t>(text[limit]) & 0xc0) == 0x80) --limit;
  return text.substr(0, limit);
}

// The payload of a close frame in a buffer of kMaxControlPayload bytes.
std::string_view close_payload(char* buffer, CloseCode code, std::string_view reason) {
  if (!may_travel(code)) return {};
  buffer[0] = static_cast<char>(code >> 8);
  buffer[1] = static_cast<char>(code & 0xff);
  reason = cut_at_character(reason, kMaxCloseReason);
  return {buffer, 2 + reason.copy(buffer + 2, kMaxCloseReason)};
}

}  // namespace

size_t encode_frame_header(char* out, Opcode opcode, uint64_t payload_size) {
  return encode(out, opcode, payload_size, 0);
}

size_t encode_frame_header(char* out, Opcode opcode, uint64_t payload_size, const MaskKey& key) {
  const size_t size = encode(out, opcode, payload_size, kMasked);
  std::memcpy(out + size, key.data(), key.size());
  return size + key.size();
}

void apply_mask(char* data, size_t size, const MaskKey& key, size_t offset) {
  uint8_t rotated[8];
  for (size_t i = 0; i < 8; ++i) rotated[i] = key[(offset + i) & 3];
  uint64_t word_key;
  std::memcpy(&word_key, rotated, 8);
  size_t i = 0;
  for (; i + 32 <= size; i += 32) {
    uint64_t words[4];
    std::memcpy(words, data + i, 32);
    for (uint64_t& word : words) word ^= word_key;
    std::memcpy(data + i, words, 32);
  }
  for (; i + 8 <= size; i += 8) {
    uint64_t word;
    std::memcpy(&word, data + i, 8);
    word ^= word_key;
    std::memcpy(data + i, &word, 8);
  }
  for (; i < size; ++i) data[i] = static_cast<char>(data[i] ^ static_cast<char>(rotated[i & 7]));
}

void append_frame(std::string& out, Opcode opcode, std::string_view payload) {
  char header[kMaxFrameHeader];
  out.append(header, encode_frame_header(header, opcode, payload.size()));
  out.append(payload);
}

void append_masked_frame(std::string& out, Opcode opcode, std::string_view payload, const MaskKey& key) {
  char header[kMaxFrameHeader];
  out.append(header, encode_frame_header(header, opcode, payload.size(), key));
  const size_t at = out.size();
  out.append(payload);
  apply_mask(out.data() + at, payload.size(), key);
}

void append_close(std::string& out, CloseCode code, std::string_view reason) {
  char buffer[kMaxControlPayload];
  append_frame(out, Opcode::kClose, close_payload(buffer, code, reason));
}

void append_masked_close(std::string& out, CloseCode code, std::string_view reason, const MaskKey& key) {
  char buffer[kMaxControlPayload];
  append_masked_frame(out, Opcode::kClose, close_payload(buffer, code, reason), key);
}

}  // namespace patchbay::websocket
