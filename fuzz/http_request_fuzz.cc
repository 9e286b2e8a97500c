// deps: http
// The request parser must say the same about a stream of requests however it is cut. Input: one byte of
// options, one byte that seeds the cuts, then the stream.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/bytes.h"
#include "http/request_parser.h"

namespace {

using patchbay::http::Request;
using patchbay::http::RequestParser;
using State = RequestParser::State;

void require(bool condition) {
  if (!condition) std::abort();
}

void check(const Request& request, const RequestParser::Limits& limits) {
  require(request.path.starts_with('/') && patchbay::is_valid_utf8(request.path));
  require(request.path.find('\0') == std::string::npos && request.path.find('\\') == std::string::npos);
  require((request.path + "/").find("/../") == std::string::npos);
  require(request.target.size() <= limits.max_target_bytes && request.body.size() <= limits.max_body_bytes);
  require(request.headers.size() <= limits.max_headers + 1);  // an absolute target may add Host
  for (const auto& [name, value] : request.headers) {
    require(!name.empty());
    require(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
  }
}

// Everything that the parser said, requests one after the other. `seed` 0: in one piece.
std::string run(const std::string& stream, const RequestParser::Limits& limits, uint32_t seed) {
  RequestParser parser(limits);
  std::string said;
  size_t at = 0;
  while (at < stream.size() && parser.state() != State::kError) {
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
    if (parser.state() != State::kComplete) continue;
    said += parser.keep_alive() ? "\nkeep " : "\nclose ";
    const Request request = parser.take_request();
    check(request, limits);
    said += std::to_string(at) + to_string(request.method).data() + request.path + "?" + request.query + "\n";
    for (const auto& [name, value] : request.headers) said += name + ":" + value + "\n";
    said += request.body;
    parser.reset();
  }
  if (parser.state() == State::kError) {
    require(parser.error().status >= 400 && parser.error().status < 600 && !parser.error().message.empty());
    return said + std::to_string(parser.error().status) + parser.error().message;
  }
  return said + (parser.headers_complete() ? "+" : "-") + (parser.expects_continue() ? "e" : "");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const RequestParser::Limits limits{.max_target_bytes = (data[0] & 1) != 0 ? 20u : 1000u,
                                     .max_header_bytes = (data[0] & 2) != 0 ? 50u : 2000u,
                                     .max_headers = (data[0] & 4) != 0 ? 2u : 20u,
                                     .max_body_bytes = (data[0] & 8) != 0 ? 5u : 5000u};
  const std::string stream(reinterpret_cast<const char*>(data) + 2, size - 2);
  require(run(stream, limits, 0) == run(stream, limits, data[1] + 1u));
  return 0;
}
