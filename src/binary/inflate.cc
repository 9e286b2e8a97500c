#include "binary/inflate.h"

#include <algorithm>
#include <array>
#include <memory>

#include <zlib.h>

namespace patchbay::binary {

namespace {

Error bad(const char* what) {
  return {ErrorCode::kBadRequest, std::string("compressed frame: ") + what};
}

}  // namespace

Result<Bytes> inflate_frame(std::string_view compressed, size_t max_bytes) {
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) return fail(ErrorCode::kInternal, "zlib does not start");
  const std::unique_ptr<z_stream, decltype(&inflateEnd)> ender(&stream, inflateEnd);

  std::array<Bytef, 16 * 1024> chunk;
  Bytes out;
  // zlib reads through next_in only, but does not say const.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  stream.avail_in = static_cast<uInt>(compressed.size());
  if (compressed.size() != stream.avail_in) return std::unexpected(bad("too long"));
  for (int status = Z_OK; status != Z_STREAM_END;) {
    stream.next_out = chunk.data();
    stream.avail_out = chunk.size();
    status = inflate(&stream, Z_NO_FLUSH);
    if (status == Z_BUF_ERROR) return std::unexpected(bad("cut short"));
    if (status != Z_OK && status != Z_STREAM_END) return std::unexpected(bad("not a zlib stream"));
    const size_t produced = chunk.size() - stream.avail_out;
    if (produced > max_bytes - out.size()) return std::unexpected(bad("inflates to more than the limit"));
    out.append(reinterpret_cast<const char*>(chunk.data()), produced);
  }
  if (stream.avail_in != 0) return std::unexpected(bad("bytes behind the end"));
  return out;
}

}  // namespace patchbay::binary
