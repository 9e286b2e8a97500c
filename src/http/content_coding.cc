#include "http/content_coding.h"

#include <algorithm>
#include <new>

#include <zlib.h>

#include "base/bytes.h"
#include "http/header_value.h"

namespace patchbay::http {
namespace {

constexpr int kFullWeight = 1000;

// A weight (RFC 9110 §12.4.2) in thousandths; nothing when malformed.
std::optional<int> parse_weight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  int weight = (text[0] - '0') * kFullWeight;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  int unit = kFullWeight / 10;
  for (const char c : text.substr(std::min<size_t>(2, text.size()))) {
    if (c < '0' || c > '9') return std::nullopt;
    weight += (c - '0') * unit;
    unit /= 10;
  }
  return weight <= kFullWeight ? std::optional(weight) : std::nullopt;
}

// The weight of one item, "name;q=0.5". Nothing when malformed.
std::optional<int> weight_of(std::string_view parameters) {
  const std::string_view parameter = trim(parameters);
  if (parameter.empty()) return kFullWeight;
  if (parameter.size() < 2 || (parameter[0] != 'q' && parameter[0] != 'Q') || parameter[1] != '=')
    return std::nullopt;
  return parse_weight(parameter.substr(2));
}

}  // namespace

std::string_view to_string(ContentCoding coding) {
  switch (coding) {
    case ContentCoding::kGzip:
      return "gzip";
    case ContentCoding::kDeflate:
      return "deflate";
    case ContentCoding::kIdentity:
      break;
  }
  return "identity";
}

ContentCoding choose_coding(std::string_view accept_encoding) {
  std::optional<int> gzip;
  std::optional<int> deflate;
  std::optional<int> identity;
  std::optional<int> others;
  for (std::string_view item = next_list_item(accept_encoding); !item.empty();
       item = next_list_item(accept_encoding)) {
    const size_t semicolon = item.find(';');
    const std::string_view name = trim(item.substr(0, semicolon));
    const auto weight =
        weight_of(semicolon == std::string_view::npos ? std::string_view() : item.substr(semicolon + 1));
    if (!weight) return ContentCoding::kIdentity;
    if (equals_ignore_case(name, "gzip") || equals_ignore_case(name, "x-gzip")) {
      gzip = weight;
    } else if (equals_ignore_case(name, "deflate")) {
      deflate = weight;
    } else if (equals_ignore_case(name, "identity")) {
      identity = weight;
    } else if (name == "*") {
      others = weight;
    }
  }
  const int for_gzip = gzip.value_or(others.value_or(0));
  const int for_deflate = deflate.value_or(others.value_or(0));
  const int best = std::max(for_gzip, for_deflate);
  // Not named, the body as it is stays acceptable, but is nobody's first choice.
  if (best == 0 || identity.value_or(0) > best) return ContentCoding::kIdentity;
  return for_gzip >= for_deflate ? ContentCoding::kGzip : ContentCoding::kDeflate;
}

std::optional<std::string> encode_content(std::string_view body, ContentCoding coding, int level) {
  if (coding == ContentCoding::kIdentity || body.size() > UINT32_MAX) return std::nullopt;
  // zlib's convention: 16 more asks for gzip's header.
  const int window_bits = coding == ContentCoding::kGzip ? MAX_WBITS + 16 : MAX_WBITS;
  z_stream stream{};
  if (deflateInit2(&stream, std::clamp(level, 1, 9), Z_DEFLATED, window_bits, MAX_MEM_LEVEL - 1,
                   Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc();
  std::string encoded(body.size(), '\0');
  // zlib reads through next_in only, but does not say const.
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(encoded.data());
  stream.avail_out = static_cast<uInt>(encoded.size());
  const bool fits = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  encoded.resize(encoded.size() - stream.avail_out);
  deflateEnd(&stream);
  if (!fits || encoded.size() >= body.size()) return std::nullopt;
  return encoded;
}

}  // namespace patchbay::http
