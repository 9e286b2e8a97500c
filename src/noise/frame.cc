#include "noise/frame.h"

#include "base/bytes.h"

namespace patchbay::noise {
namespace {

size_t length_of(std::string_view header) {
  const auto octet = [header](size_t i) { return static_cast<size_t>(static_cast<uint8_t>(header[i])); };
  return octet(0) << 16 | octet(1) << 8 | octet(2);
}

}  // namespace

void append_frame(std::string& out, std::string_view payload) {
  const size_t size = payload.size();
  const char header[kFrameHeaderBytes] = {static_cast<char>(size >> 16), static_cast<char>(size >> 8),
                                          static_cast<char>(size)};
  out.append(header, sizeof header);
  out.append(payload);
}

Status FrameReader::feed(std::string_view bytes, const std::function<bool(std::string_view)>& on_frame) {
  // What an earlier call left goes in front; a frame that lies whole in `bytes` is not copied.
  std::string joined;
  if (!buffer_.empty()) {
    buffer_.append(bytes);
    joined.swap(buffer_);
    bytes = joined;
  }
  while (bytes.size() >= kFrameHeaderBytes) {
    const size_t length = length_of(bytes);
    if (length > max_frame_bytes_)
      return fail(ErrorCode::kPayloadTooLarge, "a frame announces " + std::to_string(length) +
                                                   " bytes; the limit is " +
                                                   std::to_string(max_frame_bytes_));
    if (bytes.size() - kFrameHeaderBytes < length) break;
    const std::string_view payload = bytes.substr(kFrameHeaderBytes, length);
    bytes.remove_prefix(kFrameHeaderBytes + length);
    if (!on_frame(payload)) return {};
  }
  buffer_.assign(bytes);
  return {};
}

}  // namespace patchbay::noise
