// deps: http
// The response parser must say the same about an answer however it is cut. Input: one byte of options, one
// byte that seeds the cuts, then the stream.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "http/response_parser.h"

namespace {

using patchbay::http::ClientResponse;
using patchbay::http::ResponseParser;
using State = ResponseParser::State;

void require(bool condition) {
  if (!condition) std::abort();
}

std::string run(const std::string& stream, const ResponseParser::Limits& limits, bool head, uint32_t seed) {
  ResponseParser parser(limits, head);
  size_t at = 0;
  while (at < stream.size() && parser.state() == State::kNeedMore) {
    size_t size = stream.size() - at;
    if (seed != 0) {
      seed = seed * 1664525 + 1013904223;
      size = std::min<size_t>(size, 1 + (seed >> 24) % ((seed >> 16 & 3) == 0 ? 64 : 5));
    }
    // A block of its own, so that the sanitizer sees a read past it.
    std::string piece = stream.substr(at, size);
    piece.shrink_to_fit();
    const size_t taken = parser.feed(piece);
    require(taken <= size && (taken == size || parser.state() != State::kNeedMore));
    at += taken;
  }
  if (parser.state() == State::kError) {
    require(!parser.error().empty() && !parser.keep_alive());
    return parser.error();
  }
  parser.finish();
  if (parser.state() == State::kError) return parser.error();
  require(parser.state() == State::kComplete);
  std::string said = parser.keep_alive() ? "keep " : "close ";
  const ClientResponse response = parser.take_response();
  require(response.body.size() <= limits.max_body_bytes && response.headers.size() <= limits.max_headers);
  require(response.status == 101 || (response.status >= 200 && response.status < 600));
  said += std::to_string(at) + " " + std::to_string(response.status) + "\n";
  for (const auto& [name, value] : response.headers) {
    require(!name.empty() && value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
    said += name + ":" + value + "\n";
  }
  require(describe(response).size() < 400);
  return said + response.body;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const ResponseParser::Limits limits{.max_header_bytes = (data[0] & 1) != 0 ? 50u : 2000u,
                                      .max_headers = (data[0] & 2) != 0 ? 2u : 20u,
                                      .max_body_bytes = (data[0] & 4) != 0 ? 5u : 5000u};
  const bool head = (data[0] & 8) != 0;
  const std::string stream(reinterpret_cast<const char*>(data) + 2, size - 2);
  require(run(stream, limits, head, 0) == run(stream, limits, head, data[1] + 1u));
  return 0;
}
