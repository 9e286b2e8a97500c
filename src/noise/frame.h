// WhatsApp's frames: a 3-byte big-endian length, then that many bytes. One WebSocket message may hold several
// or a part of one, so the payloads are one stream of bytes. No I/O. Shard-local.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace patchbay::noise {

inline constexpr size_t kFrameHeaderBytes = 3;
inline constexpr size_t kMaxFrameBytes = (1u << 24) - 1;

// kPayloadTooLarge, and nothing is appended, when `payload` is longer than kMaxFrameBytes.
Status append_frame(std::string& out, std::string_view payload);

class FrameReader {
 public:
  explicit FrameReader(size_t max_frame_bytes = kMaxFrameBytes) : max_frame_bytes_(max_frame_bytes) {}

  // Calls `on_frame(payload)` for each frame that is whole now; the view is valid during the call. It returns
  // false to stop: what is left of `bytes` is then dropped, and the reader, which may be gone, is not touched
  // any more. kPayloadTooLarge past the limit, decided from the header, and again at every later call. The
  // buffer holds what came of one frame, never what a header announces.
  Status feed(std::string_view bytes, const std::function<bool(std::string_view)>& on_frame);
  size_t buffered_bytes() const { return buffer_.size(); }

 private:
  // Moves octets from the front of `bytes` into buffer_ until it holds `target`.
  void gather(std::string_view& bytes, size_t target);

  size_t max_frame_bytes_;
  std::string buffer_;  // the beginning of a frame, header included
};

}  // namespace patchbay::noise
