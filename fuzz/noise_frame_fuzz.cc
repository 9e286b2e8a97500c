// deps: noise
// The frames of a stream do not depend on how it is cut into pieces, what is buffered never exceeds what
// came, and writing the frames again gives the stream.
#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <string>
#include <vector>

#include "noise/frame.h"

namespace {

using namespace patchbay::noise;

constexpr size_t kLimit = 1'000;

void check(bool holds, std::source_location where = std::source_location::current()) {
  if (holds) return;
  std::fprintf(stderr, "the check in line %u does not hold\n", where.line());
  std::abort();
}

struct Outcome {
  std::vector<std::string> frames;
  bool refused = false;
  size_t left = 0;
};

// Pieces of 1 … `step` bytes, in turn.
Outcome read(std::string_view stream, size_t step) {
  FrameReader reader(kLimit);
  Outcome outcome;
  size_t size = step;
  while (!stream.empty()) {
    const std::string_view piece = stream.substr(0, size);
    stream.remove_prefix(piece.size());
    const auto status = reader.feed(piece, [&](std::string_view frame) {
      check(frame.size() <= kLimit);
      outcome.frames.emplace_back(frame);
      return true;
    });
    check(reader.buffered_bytes() <= kFrameHeaderBytes + kLimit);
    if (!status) {
      check(!reader.feed("more", [](std::string_view) { return true; }));
      outcome.refused = true;
      break;
    }
    size = size == 1 ? step : size - 1;
  }
  outcome.left = reader.buffered_bytes();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t step = 1 + data[0] % 64;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome whole = read(stream, stream.size() + 1);
  const Outcome pieces = read(stream, step);
  check(whole.frames == pieces.frames && whole.refused == pieces.refused && whole.left == pieces.left);

  std::string again;
  for (const std::string& frame : whole.frames) check(static_cast<bool>(append_frame(again, frame)));
  check(stream.starts_with(again));
  if (!whole.refused) check(again.size() + whole.left == stream.size());
  return 0;
}
