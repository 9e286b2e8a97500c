#include "noise/frame.h"

#include <algorithm>
#include <cstdint>

namespace patchbay::noise {
namespace {

size_t length_of(std::string_view header) {
  const auto octet = [header](size_t i) { return static_cast<size_t>(static_cast<uint8_t>(header[i])); };
  return octet(0) << 16 | octet(1) << 8 | octet(2);
}

}  // namespace

Status append_frame(std::string& out, std::string_view payload) {
  const size_t size = payload.size();
  if (size > kMaxFrameBytes)
    return fail(ErrorCode::kPayloadTooLarge, "A frame of " + std::to_string(size) +
                                                 " bytes cannot be sent; the limit is " +
                                                 std::to_string(kMaxFrameBytes) + ".");
  const char header[kFrameHeaderBytes] = {static_cast<char>(size >> 16), static_cast<char>(size >> 8),
                                          static_cast<char>(size)};
  out.append(header, sizeof header);
  out.append(payload);
  return {};
}

Status FrameReader::feed(std::string_view bytes, const std::function<bool(std::string_view)>& on_frame) {
  while (!bytes.empty()) {
    // A frame that lies whole in `bytes` is not copied; what comes in pieces is gathered, each byte once.
    if (buffer_.size() < kFrameHeaderBytes) {
      if (buffer_.empty() && bytes.size() >= kFrameHeaderBytes) {
        const size_t length = length_of(bytes);
        if (length <= max_frame_bytes_ && length <= bytes.size() - kFrameHeaderBytes) {
          const std::string_view payload = bytes.substr(kFrameHeaderBytes, length);
          bytes.remove_prefix(kFrameHeaderBytes + length);
          if (!on_frame(payload)) return {};
          continue;
        }
      }
      gather(bytes, kFrameHeaderBytes);
      if (buffer_.size() < kFrameHeaderBytes) return {};
    }
    const size_t length = length_of(buffer_);
    if (length > max_frame_bytes_)
      return fail(ErrorCode::kPayloadTooLarge, "A frame announces " + std::to_string(length) +
                                                   " bytes; the limit is " +
                                                   std::to_string(max_frame_bytes_) + ".");
    gather(bytes, kFrameHeaderBytes + length);
    if (buffer_.size() < kFrameHeaderBytes + length) return {};
    std::string frame;
    frame.swap(buffer_);
    if (!on_frame(std::string_view(frame).substr(kFrameHeaderBytes))) return {};
  }
  return {};
}

void FrameReader::gather(std::string_view& bytes, size_t target) {
  const size_t count = std::min(bytes.size(), target - buffer_.size());
  buffer_.append(bytes.substr(0, count));
  bytes.remove_prefix(count);
}

}  // namespace patchbay::noise
