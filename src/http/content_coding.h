// Compression of response bodies (RFC 9110 §§8.4, 12.5.3): which coding a client takes, and the coding
// itself. Pure functions; any thread. When to compress is the caller's business.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace patchbay::http {

enum class ContentCoding : uint8_t { kIdentity, kGzip, kDeflate };
// As in Content-Encoding.
std::string_view to_string(ContentCoding coding);

// The coding of those above that an Accept-Encoding header prefers by its weights; gzip before deflate before
// none where they are equal. None when the header is empty, names neither, or is malformed: an answer as it
// is offends nobody. Linear in its input.
ContentCoding choose_coding(std::string_view accept_encoding);

// `body` in that coding (gzip: RFC 1952, deflate: zlib, RFC 1950), with zlib's `level` 1 to 9. Nothing for
// kIdentity, and when the result is not smaller.
std::optional<std::string> encode_content(std::string_view body, ContentCoding coding, int level);

}  // namespace patchbay::http
