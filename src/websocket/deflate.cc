#include "websocket/deflate.h"

#include <algorithm>
#include <cstring>
#include <new>

#include <zlib.h>

namespace patchbay::websocket {
namespace {

// What a sender cuts off the end of every message (§7.2.1).
constexpr std::string_view kTail("\x00\x00\xff\xff", 4);
// Output of one step of inflating.
constexpr size_t kStepBytes = 16 * 1024;
// Room for compressed output that is kept between messages.
constexpr size_t kKeptScratch = 64 * 1024;

Bytef* bytes_of(std::string_view text) {
  // zlib reads through next_in only, but does not say const.
  return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text.data()));
}

}  // namespace

class DeflateCodec::Inflater {
 public:
  Inflater() {
    if (inflateInit2(&stream_, -static_cast<int>(kMaxWindowBits)) != Z_OK) throw std::bad_alloc();
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  Verdict run(std::string_view payload, size_t max_bytes, std::string& out) {
    inflateReset(&stream_);
    ended_ = false;
    if (const Verdict verdict = feed(payload, max_bytes, out); verdict != Verdict::kOk) return verdict;
    if (ended_) return Verdict::kOk;
    if (const Verdict verdict = feed(kTail, max_bytes, out); verdict != Verdict::kOk) return verdict;
    // The tail ends an empty block, so the data must stand between two blocks, at a whole byte.
    const bool between_blocks = (stream_.data_type & 128) != 0 && (stream_.data_type & 63) == 0;
    return ended_ || between_blocks ? Verdict::kOk : Verdict::kInvalid;
  }

 private:
  Verdict feed(std::string_view input, size_t max_bytes, std::string& out) {
    stream_.next_in = bytes_of(input);
    stream_.avail_in = static_cast<uInt>(input.size());
    for (;;) {
      stream_.next_out = step_.data();
      stream_.avail_out = static_cast<uInt>(step_.size());
      const int result = ::inflate(&stream_, Z_SYNC_FLUSH);
      const size_t made = step_.size() - stream_.avail_out;
      if (made > max_bytes - out.size()) return Verdict::kTooLarge;
      out.append(reinterpret_cast<const char*>(step_.data()), made);
      if (result == Z_STREAM_END) {
        // §7.2.3.5: a block that says it is the last. Only the empty one that such a sender has to add may
        // follow.
        ended_ = true;
        const std::string_view rest(reinterpret_cast<const char*>(stream_.next_in), stream_.avail_in);
        return rest.empty() || rest == std::string_view("\0", 1) || rest == kTail ? Verdict::kOk
                                                                                  : Verdict::kInvalid;
      }
      // Z_BUF_ERROR: nothing left to do, which is how the last step of some inputs ends.
      if (result != Z_OK && result != Z_BUF_ERROR) return Verdict::kInvalid;
      if (stream_.avail_out > 0) return stream_.avail_in == 0 ? Verdict::kOk : Verdict::kInvalid;
    }
  }

  z_stream stream_{};
  bool ended_ = false;
  std::array<Bytef, kStepBytes> step_;
};

class DeflateCodec::Deflater {
 public:
  Deflater(const DeflateOptions& options, unsigned window_bits) {
    if (deflateInit2(&stream_, std::clamp(options.level, 1, 9), Z_DEFLATED, -static_cast<int>(window_bits),
                     std::clamp(options.memory_level, 1, 9), Z_DEFAULT_STRATEGY) != Z_OK)
      throw std::bad_alloc();
  }
  ~Deflater() { deflateEnd(&stream_); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  // Bytes of the result without its tail; 0 when it does not fit into `size`.
  size_t run(std::string_view prefix, std::string_view payload, char* out, size_t size) {
    deflateReset(&stream_);
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(size);
    stream_.next_in = bytes_of(prefix);
    stream_.avail_in = static_cast<uInt>(prefix.size());
    if (!prefix.empty()) ::deflate(&stream_, Z_NO_FLUSH);
    if (stream_.avail_in > 0) return 0;
    stream_.next_in = bytes_of(payload);
    stream_.avail_in = static_cast<uInt>(payload.size());
    // With room left the flush is complete.
    if (::deflate(&stream_, Z_SYNC_FLUSH) != Z_OK || stream_.avail_out == 0) return 0;
    const size_t made = size - stream_.avail_out;
    if (made < kTail.size() || std::memcmp(out + made - kTail.size(), kTail.data(), kTail.size()) != 0)
      return 0;
    return made - kTail.size();
  }

 private:
  z_stream stream_{};
};

DeflateCodec::DeflateCodec(const DeflateOptions& options)
    : options_(options), deflated_(options.max_deflated_per_turn), inflated_(options.max_inflated_per_turn) {}

DeflateCodec::~DeflateCodec() = default;

void DeflateCodec::set_turn(uint64_t number) {
  deflated_.set_turn(number);
  inflated_.set_turn(number);
}

DeflateCodec::Verdict DeflateCodec::inflate(std::string_view payload, size_t max_bytes, std::string& out) {
  // No payload at all: not what the RFC has senders do, but it can only mean the empty message.
  if (payload.empty()) return Verdict::kOk;
  if (payload.size() > UINT32_MAX) return Verdict::kTooLarge;
  if (!inflater_) inflater_ = std::make_unique<Inflater>();
  const Verdict verdict = inflater_->run(payload, max_bytes, out);
  inflated_.charge(payload.size() + out.size());
  return verdict;
}

std::optional<std::string_view> DeflateCodec::deflate(std::string_view prefix, std::string_view payload,
                                                      unsigned window_bits) {
  const size_t size = prefix.size() + payload.size();
  if (!worth_deflating(size, window_bits) || size > UINT32_MAX || !deflated_.spend(size)) return std::nullopt;
  const unsigned ours =
      static_cast<unsigned>(std::clamp(options_.window_bits, int{kMinSendWindowBits}, int{kMaxWindowBits}));
  const unsigned bits = std::min({window_bits, ours, kMaxWindowBits});
  std::unique_ptr<Deflater>& deflater = deflaters_[bits - kMinSendWindowBits];
  if (!deflater) deflater = std::make_unique<Deflater>(options_, bits);
  const size_t wanted = std::max(size, kKeptScratch);
  if (wanted > scratch_bytes_ || scratch_bytes_ > std::max(wanted, kKeptScratch)) {
    scratch_ = std::make_unique_for_overwrite<char[]>(wanted);
    scratch_bytes_ = wanted;
  }
  // No more room than the message itself takes: what does not shrink is sent as it is.
  const size_t made = deflater->run(prefix, payload, scratch_.get(), size);
  if (made == 0) return std::nullopt;
  return std::string_view(scratch_.get(), made);
}

}  // namespace patchbay::websocket
