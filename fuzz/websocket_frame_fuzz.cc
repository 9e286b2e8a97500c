// deps: websocket
// The frame parser must say the same about a stream however it is cut. Input: one byte of options (8: with
// permessage-deflate), one byte that seeds the cuts, then the stream.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/bytes.h"
#include "websocket/deflate.h"
#include "websocket/frame_parser.h"

namespace {

using patchbay::websocket::DeflateCodec;
using patchbay::websocket::FrameParser;
using patchbay::websocket::MessageKind;
using Kind = FrameParser::Outcome::Kind;

void require(bool condition) {
  if (!condition) std::abort();
}

struct Recorder final : FrameParser::Events {
  explicit Recorder(size_t max) : limit(max) {}
  bool on_message(MessageKind kind, std::string_view payload) override {
    require(payload.size() <= limit);
    require(kind == MessageKind::kBinary || patchbay::is_valid_utf8(payload));
    return note(kind == MessageKind::kText ? 't' : 'b', payload);
  }
  bool on_ping(std::string_view payload) override { return note('i', payload); }
  bool on_pong(std::string_view payload) override { return note('o', payload); }
  bool on_close(std::optional<uint16_t> code, std::string_view reason) override {
    require(patchbay::is_valid_utf8(reason));
    return note('c', std::to_string(code.value_or(0)) + std::string(reason));
  }
  bool note(char what, std::string_view payload) {
    events += what + std::to_string(payload.size()) + ":";
    events += payload;
    return true;
  }
  std::string events;
  size_t limit;
};

// `seed` 0: in one piece.
std::string run(std::string stream, const FrameParser::Options& options, uint32_t seed) {
  FrameParser parser(options);
  Recorder recorder(options.max_message_bytes);
  FrameParser::Outcome outcome;
  for (size_t at = 0; at < stream.size() && outcome.kind == Kind::kOk;) {
    size_t size = stream.size() - at;
    if (seed != 0) {
      seed = seed * 1664525 + 1013904223;
      size = std::min<size_t>(size, 1 + (seed >> 24) % ((seed >> 16 & 3) == 0 ? 64 : 5));
    }
    // A block of its own, so that the sanitizer sees a read or a write past it.
    std::string piece = stream.substr(at, size);
    piece.shrink_to_fit();
    outcome = parser.feed(piece, recorder);
    at += size;
  }
  require(outcome.reason.size() <= patchbay::websocket::kMaxCloseReason);
  return recorder.events + "|" + std::to_string(static_cast<int>(outcome.kind)) +
         std::to_string(outcome.close_code) + std::string(outcome.reason) + (parser.has_partial() ? "+" : "");
}

// One for all inputs, as one shard has it: nothing of one message may show in the next.
DeflateCodec& codec() {
  static DeflateCodec codec({.enabled = true});
  return codec;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const FrameParser::Options options{
      .max_message_bytes = (data[0] & 2) != 0 ? 100u : 70'000u,
      .max_fragments = (data[0] & 4) != 0 ? 3u : 1000u,
      .role = (data[0] & 1) != 0 ? FrameParser::Role::kClient : FrameParser::Role::kServer,
      .deflate = (data[0] & 8) != 0 ? &codec() : nullptr};
  const std::string stream(reinterpret_cast<const char*>(data) + 2, size - 2);
  require(run(stream, options, 0) == run(stream, options, data[1] + 1u));
  return 0;
}
