#include "websocket/shared_frame.h"

#include <string>
#include <utility>

namespace patchbay::websocket {

SharedFrame::SharedFrame(Opcode opcode, std::string_view prefix, std::string_view payload, bool compress)
    : compress_(compress) {
  char header[kMaxFrameHeader];
  const size_t size = encode_frame_header(header, opcode, prefix.size() + payload.size());
  std::string frame;
  frame.reserve(size + prefix.size() + payload.size());
  frame.append(header, size).append(prefix).append(payload);
  header_bytes_ = static_cast<uint8_t>(size);
  plain_ = net::make_buffer(std::move(frame));
}

const net::BufferRef& SharedFrame::deflated(DeflateCodec& codec, unsigned window_bits) const {
  const std::string_view whole = message();
  if (!compress_ || !codec.worth_deflating(whole.size(), window_bits)) return plain_;
  net::BufferRef& made = deflated_[std::min(window_bits, kMaxWindowBits) - kMinSendWindowBits];
  if (made != nullptr) return made;
  if (const auto payload = codec.deflate({}, whole, window_bits)) {
    char header[kMaxFrameHeader];
    const auto opcode = static_cast<Opcode>(static_cast<uint8_t>(plain_->view().front()) & 0x0f);
    const size_t size = encode_frame_header(header, opcode, payload->size());
    header[0] = static_cast<char>(static_cast<uint8_t>(header[0]) | kCompressedBit);
    std::string frame;
    frame.reserve(size + payload->size());
    frame.append(header, size).append(*payload);
    made = net::make_buffer(std::move(frame));
  } else {
    made = plain_;
  }
  return made;
}

}  // namespace patchbay::websocket
