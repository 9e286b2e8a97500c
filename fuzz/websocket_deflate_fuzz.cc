// deps: http websocket
// Whatever a peer sends about compression: the header that offers it, compressed bytes, and the codings of
// HTTP. The first byte chooses; the rest is the input.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "http/content_coding.h"
#include "websocket/deflate_extension.h"

namespace {

using namespace patchbay::websocket;
using Verdict = DeflateCodec::Verdict;

constexpr size_t kLimit = 50'000;

void require(bool condition) {
  if (!condition) std::abort();
}

DeflateCodec& codec() {
  static DeflateCodec codec({.enabled = true, .threshold = 0, .max_deflated_per_turn = SIZE_MAX});
  return codec;
}

// What we answer to an offer, a client of ours takes; and what it takes are windows that exist.
void negotiate(std::string_view header) {
  if (const auto answer = answer_deflate_offer(header, {.enabled = true}); answer && answer->agreement) {
    const unsigned bits = answer->agreement.send_window_bits;
    require(bits >= kMinWindowBits && bits <= kMaxWindowBits);
    require(check_deflate_answer(answer->header).has_value());
  }
  if (const auto agreed = check_deflate_answer(header))
    require(agreed->send_window_bits >= kMinWindowBits && agreed->send_window_bits <= kMaxWindowBits);
  if (const auto extensions = parse_extensions(header))
    require(!extensions->empty() && extensions->size() <= kMaxExtensions);
}

void inflate(std::string_view payload) {
  std::string first;
  const Verdict verdict = codec().inflate(payload, kLimit, first);
  require(first.size() <= kLimit);
  // Nothing of one message shows in the next, and a larger limit changes nothing but kTooLarge.
  std::string again;
  require(codec().inflate(payload, kLimit, again) == verdict && again == first);
  if (verdict != Verdict::kOk) return;
  std::string wide;
  require(codec().inflate(payload, 10 * kLimit, wide) == Verdict::kOk && wide == first);
  if (first.empty()) return;
  std::string narrow;
  require(codec().inflate(payload, first.size() - 1, narrow) == Verdict::kTooLarge);
}

void round_trip(std::string_view message, unsigned window_bits) {
  const std::string_view prefix = message.substr(0, message.size() / 3);
  const auto compressed = codec().deflate(prefix, message.substr(prefix.size()), window_bits);
  if (!compressed) return;
  require(compressed->size() < message.size());
  std::string back;
  require(codec().inflate(std::string(*compressed), message.size(), back) == Verdict::kOk && back == message);
}

void encode(std::string_view header) {
  using patchbay::http::ContentCoding;
  const ContentCoding coding = patchbay::http::choose_coding(header);
  const auto encoded = patchbay::http::encode_content(header, coding, 6);
  require(!encoded || (coding != ContentCoding::kIdentity && encoded->size() < header.size()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  // A block of its own, so that the sanitizer sees a read past it.
  const std::string input(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      negotiate(input);
      break;
    case 1:
      inflate(input);
      break;
    case 2:
      round_trip(input, kMinWindowBits + data[0] / 4 % 8);
      break;
    default:
      encode(input);
  }
  return 0;
}
