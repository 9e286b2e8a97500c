// RFC 6455 §5 read side: bytes in, messages and control frames out. No I/O, no clock, no answers: replying to
// a ping or a close is the caller's business, as is a deadline for messages that never end (see
// has_partial()). A message whose one frame lies whole in the input is handed on without a copy or an
// allocation; anything incomplete is kept in one block that exists only meanwhile. Its size follows the bytes
// that came, never the size that was announced. With a DeflateCodec, compressed messages are inflated when
// they are whole (RFC 7692 §6.2). Shard-local.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "websocket/frame.h"

namespace patchbay::websocket {

class DeflateCodec;

class FrameParser {
 public:
  // Which end of the connection we are: a server demands masked frames, a client refuses them (§5.1).
  enum class Role : uint8_t { kServer, kClient };

  struct Options {
    // Payload of one message, all fragments together. Past it: 1009, decided from the frame's header, and for
    // compressed messages as they are inflated.
    size_t max_message_bytes = 1'000'000;
    // Frames that one message may consist of. Past it: 1008. Empty fragments count.
    size_t max_fragments = 1024;
    Role role = Role::kServer;
    // Not null once permessage-deflate was agreed on. Outlives the parser.
    DeflateCodec* deflate = nullptr;
  };

  // What the bytes meant, in order. Views are valid during the call only. Each returns false to stop: the
  // connection is gone, the parser may already be destroyed and touches nothing any more in this feed.
  class Events {
   public:
    virtual ~Events() = default;
    // A whole message; text is valid UTF-8.
    virtual bool on_message(MessageKind kind, std::string_view payload) = 0;
    virtual bool on_ping(std::string_view payload) = 0;
    virtual bool on_pong(std::string_view payload) = 0;
    // No code when the close frame was empty; `reason` is valid UTF-8. The last event whatever it returns.
    virtual bool on_close(std::optional<uint16_t> code, std::string_view reason) = 0;
  };

  struct Outcome {
    enum class Kind : uint8_t { kOk, kStopped, kViolation };
    Kind kind = Kind::kOk;
    // With kViolation: what to put into our close frame. The text lives as long as the parser.
    CloseCode close_code = 0;
    std::string_view reason = {};
  };

  explicit FrameParser(const Options& options);
  ~FrameParser();
  FrameParser(const FrameParser&) = delete;
  FrameParser& operator=(const FrameParser&) = delete;

  // Takes all of `data`, whose contents are unmasked in place. Violations are for good: every later call
  // returns the same one. After a close frame every call returns kStopped.
  Outcome feed(std::span<char> data, Events& events);

  // True while a frame or a fragmented message has begun and not ended: hold it to a deadline.
  bool has_partial() const { return partial_ != nullptr && state_ == State::kOpen; }
  // How many times something began and was not ended in the same feed: tells one partial from the next.
  uint32_t partials_begun() const { return partials_begun_; }
  DeflateCodec* deflate() const { return deflate_; }

 private:
  struct Header;
  struct Partial;
  enum class State : uint8_t { kOpen, kClosed, kViolated };
  // kStopped: an event said so, *this may be gone.
  enum class Next : uint8_t { kGoOn, kNeedMore, kStopped, kViolation };

  // Decodes and checks as much of a header as there is; kNeedMore when that is not all of it.
  Next parse_header(const char* data, size_t size, Header& header);
  // The same from the input at `at`, moving it, with what an earlier feed left.
  Next read_header(char*& at, const char* end, Header& header);
  Next check_data_frame(const Header& header);
  Next read_payload(char*& at, const char* end, const Header& header, Events& events);
  Next continue_payload(char*& at, const char* end, Events& events);
  // A whole message, as it came.
  Next on_payload(MessageKind kind, bool compressed, std::string_view payload, Events& events);
  Next on_control(Opcode opcode, std::string_view payload, Events& events);
  Next on_close(std::string_view payload, Events& events);
  Next violate(CloseCode code, std::string reason);
  Outcome violation() const;
  Partial& partial();
  void drop_partial_if_idle();

  std::unique_ptr<Partial> partial_;  // null when nothing is incomplete
  DeflateCodec* deflate_;
  size_t max_message_bytes_;
  uint32_t max_fragments_;
  uint32_t partials_begun_ = 0;
  CloseCode violation_code_ = 0;
  Role role_;
  State state_ = State::kOpen;
};

}  // namespace patchbay::websocket
