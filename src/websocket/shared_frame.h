// One message framed once for many connections of a shard, and compressed at most once for each window size
// that its receivers agreed on. A value: copies share what was made before the copy. Shard-local.
#pragma once

#include <array>
#include <string_view>

#include "net/buffer.h"
#include "websocket/deflate.h"
#include "websocket/frame.h"

namespace patchbay::websocket {

class SharedFrame {
 public:
  SharedFrame() = default;
  // `compress`: whether it may be compressed at all.
  SharedFrame(Opcode opcode, std::string_view prefix, std::string_view payload, bool compress);

  // As it is.
  const net::BufferRef& plain() const { return plain_; }
  // For a connection that agreed on permessage-deflate: compressed, or plain() where that is better (see
  // DeflateCodec::deflate). `codec` must be the same one in every call.
  const net::BufferRef& deflated(DeflateCodec& codec, unsigned window_bits) const;
  // The message, valid as long as this.
  std::string_view message() const { return plain_->view().substr(header_bytes_); }
  bool may_compress() const { return compress_; }

 private:
  net::BufferRef plain_;
  mutable std::array<net::BufferRef, kMaxWindowBits + 1 - kMinSendWindowBits> deflated_;
  uint8_t header_bytes_ = 0;
  bool compress_ = false;
};

}  // namespace patchbay::websocket
