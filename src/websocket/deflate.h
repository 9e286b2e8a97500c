// Compression of messages, permessage-deflate (RFC 7692 §7), always without context takeover: whole messages
// are compressed and inflated, each by itself. So one codec serves every connection of a shard, and a
// connection has no compression state of its own. What was agreed on with a peer is deflate_extension.h;
// frames are frame_parser.h and connection.h. No I/O, no clock. Shard-local.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/turn_budget.h"

namespace patchbay::websocket {

struct DeflateOptions {
  // Off: nothing is agreed on, and no memory is taken.
  bool enabled = false;
  // Messages shorter than this go out as they are. Bytes.
  size_t threshold = 1024;
  // zlib's, 1 (fast) to 9 (small).
  int level = 3;
  // Base-2 logarithm of the window we compress with, 9 to 15; a peer may ask for less. Inflating takes 15.
  int window_bits = 15;
  // zlib's memLevel, 1 to 9: a compressor takes 2^(window_bits+2) + 2^(memory_level+9) bytes, 256 KiB as it
  // is.
  int memory_level = 8;
  // Bytes that one turn of a shard compresses; past it messages go out as they are.
  size_t max_deflated_per_turn = 1024 * 1024;
  // Bytes that inflating may give in one turn; past it the connection at hand is read on in the next turn.
  size_t max_inflated_per_turn = 4 * 1024 * 1024;
};

// The smallest and the largest LZ77 window there is (§7.1.2).
inline constexpr unsigned kMinWindowBits = 8;
inline constexpr unsigned kMaxWindowBits = 15;
// The smallest that zlib compresses with; to a peer that takes less everything is sent as it is.
inline constexpr unsigned kMinSendWindowBits = 9;

// Bytes of compressed payload that a message of at most `max_message_bytes` may come in: what cannot be
// compressed grows a little.
constexpr size_t max_compressed_bytes(size_t max_message_bytes) {
  const size_t slack = (max_message_bytes >> 7) + 64;
  return max_message_bytes > SIZE_MAX - slack ? SIZE_MAX : max_message_bytes + slack;
}

class DeflateCodec {
 public:
  explicit DeflateCodec(const DeflateOptions& options);
  ~DeflateCodec();
  DeflateCodec(const DeflateCodec&) = delete;
  DeflateCodec& operator=(const DeflateCodec&) = delete;

  const DeflateOptions& options() const { return options_; }
  // Says which turn of the shard it is; see the budgets among the options.
  void set_turn(uint64_t number);

  enum class Verdict : uint8_t { kOk, kTooLarge, kInvalid };
  // Appends what `payload`, one message's compressed bytes, stands for (§7.2.2). kTooLarge as soon as it is
  // more than `max_bytes`, kInvalid when it is no DEFLATE data or not to its end; `out` then holds rubbish,
  // and never more than the limit.
  Verdict inflate(std::string_view payload, size_t max_bytes, std::string& out);
  bool inflate_exhausted() const { return inflated_.exhausted(); }

  // The compressed bytes of the message `prefix` + `payload` (§7.2.1), valid until the next call. Nothing
  // when it had better go out as it is: shorter than the threshold, not compressible, past this turn's
  // budget, or for a peer with `window_bits` under kMinSendWindowBits.
  std::optional<std::string_view> deflate(std::string_view prefix, std::string_view payload,
                                          unsigned window_bits);
  // Cheap: whether deflate() would try.
  bool worth_deflating(size_t bytes, unsigned window_bits) const {
    return bytes >= options_.threshold && window_bits >= kMinSendWindowBits;
  }

 private:
  class Inflater;
  class Deflater;

  const DeflateOptions options_;
  net::TurnBudget deflated_;
  net::TurnBudget inflated_;
  // Each made at its first use.
  std::unique_ptr<Inflater> inflater_;
  std::array<std::unique_ptr<Deflater>, kMaxWindowBits - kMinSendWindowBits + 1> deflaters_;
  std::unique_ptr<char[]> scratch_;
  size_t scratch_bytes_ = 0;
};

}  // namespace patchbay::websocket
