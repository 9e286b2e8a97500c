#include "websocket/frame_parser.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "websocket/deflate.h"
#include "websocket/utf8_validator.h"

namespace patchbay::websocket {
namespace {

constexpr uint8_t kFinBit = 0x80;
constexpr uint8_t kOtherReservedBits = 0x30;
constexpr uint8_t kOpcodeBits = 0x0f;
constexpr uint8_t kMaskBit = 0x80;
constexpr uint8_t kLengthBits = 0x7f;

bool is_control(Opcode opcode) {
  return static_cast<uint8_t>(opcode) >= 0x8;
}

bool is_valid_text(std::string_view text) {
  Utf8Validator utf8;
  return utf8.feed(text) && utf8.complete();
}

bool is_known(uint8_t opcode) {
  return opcode <= 0x2 || (opcode >= 0x8 && opcode <= 0xa);
}

}  // namespace

// One frame's header, decoded.
struct FrameParser::Header {
  Opcode opcode = Opcode::kContinuation;
  bool fin = false;
  bool masked = false;
  bool compressed = false;
  uint8_t size = 0;  // of the header itself
  MaskKey key{};
  uint64_t payload_size = 0;
};

// What is kept between feeds: a header cut short, a payload cut short, a message whose last fragment has not
// come; any of them together.
struct FrameParser::Partial {
  char header_bytes[kMaxFrameHeader];
  uint8_t header_size = 0;  // of header_bytes

  bool in_payload = false;
  Header frame;           // the frame whose payload is being read
  uint64_t received = 0;  // of its payload; less than frame.payload_size
  std::string control;    // payload of a control frame, or the reason of a violation

  bool in_message = false;  // a data message has begun
  bool compressed = false;
  MessageKind kind = MessageKind::kText;
  Utf8Validator utf8;
  uint32_t fragments = 0;
  std::string message;  // its payload so far, unmasked and, if plain text, checked
};

FrameParser::FrameParser(const Options& options)
    : deflate_(options.deflate),
      max_message_bytes_(options.max_message_bytes),
      max_fragments_(static_cast<uint32_t>(std::clamp<size_t>(options.max_fragments, 1, UINT32_MAX))),
      role_(options.role) {}

FrameParser::~FrameParser() = default;

FrameParser::Partial& FrameParser::partial() {
  if (!partial_) {
    partial_ = std::make_unique<Partial>();
    ++partials_begun_;
  }
  return *partial_;
}

void FrameParser::drop_partial_if_idle() {
  if (partial_ && !partial_->in_message && !partial_->in_payload && partial_->header_size == 0)
    partial_.reset();
}

FrameParser::Next FrameParser::violate(CloseCode code, std::string reason) {
  partial_ = std::make_unique<Partial>();
  partial_->control = std::move(reason);
  violation_code_ = code;
  state_ = State::kViolated;
  return Next::kViolation;
}

FrameParser::Outcome FrameParser::violation() const {
  return {.kind = Outcome::Kind::kViolation, .close_code = violation_code_, .reason = partial_->control};
}

FrameParser::Outcome FrameParser::feed(std::span<char> data, Events& events) {
  if (state_ == State::kViolated) return violation();
  if (state_ == State::kClosed) return {.kind = Outcome::Kind::kStopped};
  char* at = data.data();
  const char* const end = at + data.size();
  while (at != end) {
    Next next;
    if (partial_ && partial_->in_payload) {
      next = continue_payload(at, end, events);
    } else {
      Header header;
      next = read_header(at, end, header);
      if (next == Next::kGoOn) next = read_payload(at, end, header, events);
    }
    switch (next) {
      case Next::kGoOn:
        break;
      case Next::kNeedMore:
        return {};
      case Next::kStopped:
        return {.kind = Outcome::Kind::kStopped};
      case Next::kViolation:
        return violation();
    }
  }
  return {};
}

FrameParser::Next FrameParser::read_header(char*& at, const char* end, Header& header) {
  const size_t available = static_cast<size_t>(end - at);
  if (!partial_ || partial_->header_size == 0) {
    const Next next = parse_header(at, available, header);
    if (next == Next::kNeedMore) {
      // Fewer than kMaxFrameHeader bytes, or the header would be whole.
      std::memcpy(partial().header_bytes, at, available);
      partial().header_size = static_cast<uint8_t>(available);
      at += available;
    } else {
      at += header.size;
    }
    return next;
  }
  Partial& kept = *partial_;
  const size_t before = kept.header_size;
  const size_t taken = std::min(available, kMaxFrameHeader - before);
  std::memcpy(kept.header_bytes + before, at, taken);
  const Next next = parse_header(kept.header_bytes, before + taken, header);
  if (next == Next::kNeedMore) {
    kept.header_size = static_cast<uint8_t>(before + taken);
    at += taken;
  } else if (next == Next::kGoOn) {
    // Less was not enough, so the header ends within what was taken now.
    kept.header_size = 0;
    at += header.size - before;
  }
  return next;
}

// The checks come in the order of the bytes, each as soon as its bytes are there: how the input is cut
// changes nothing.
FrameParser::Next FrameParser::parse_header(const char* data, size_t size, Header& header) {
  const auto byte = [data](size_t i) { return static_cast<uint8_t>(data[i]); };
  const uint8_t first = byte(0);
  header.compressed = (first & kCompressedBit) != 0;
  if ((first & kOtherReservedBits) != 0 || (header.compressed && deflate_ == nullptr))
    return violate(kCloseProtocolError, "reserved bits set without an extension");
  if (!is_known(first & kOpcodeBits)) return violate(kCloseProtocolError, "reserved opcode");
  header.fin = (first & kFinBit) != 0;
  header.opcode = static_cast<Opcode>(first & kOpcodeBits);
  // RFC 7692 §6: the bit stands on a message's first frame and speaks for all of them.
  if (header.compressed && header.opcode != Opcode::kText && header.opcode != Opcode::kBinary)
    return violate(kCloseProtocolError, is_control(header.opcode) ? "compressed control frame"
                                                                  : "compression bit on a continuation");
  if (is_control(header.opcode)) {
    if (!header.fin) return violate(kCloseProtocolError, "fragmented control frame");
  } else if (const Next next = check_data_frame(header); next != Next::kGoOn) {
    return next;
  }
  if (size < 2) return Next::kNeedMore;

  header.masked = (byte(1) & kMaskBit) != 0;
  if (header.masked != (role_ == Role::kServer))
    return violate(kCloseProtocolError,
                   role_ == Role::kServer ? "frame without a mask" : "masked frame from a server");
  const uint8_t short_length = byte(1) & kLengthBits;
  size_t length_size = 0;
  header.payload_size = short_length;
  if (short_length > kMaxControlPayload) {
    if (is_control(header.opcode)) return violate(kCloseProtocolError, "control frame longer than 125 bytes");
    length_size = short_length == 126 ? 2 : 8;
    if (size < 2 + length_size) return Next::kNeedMore;
    uint64_t length = 0;
    for (size_t i = 0; i < length_size; ++i) length = length << 8 | byte(2 + i);
    if (length >> 63) return violate(kCloseProtocolError, "frame length with its top bit set");
    if (length < (length_size == 2 ? 126u : 0x10000u))
      return violate(kCloseProtocolError, "frame length not in its shortest form");
    header.payload_size = length;
  }
  if (!is_control(header.opcode)) {
    const size_t held = partial_ ? partial_->message.size() : 0;
    const bool compressed = header.compressed || (partial_ && partial_->compressed);
    const size_t limit = compressed ? max_compressed_bytes(max_message_bytes_) : max_message_bytes_;
    if (header.payload_size > limit - held)
      return violate(kCloseTooBig,
                     "message is larger than the limit of " + std::to_string(max_message_bytes_) + " bytes");
  }
  header.size = static_cast<uint8_t>(2 + length_size + (header.masked ? 4 : 0));
  if (size < header.size) return Next::kNeedMore;
  if (header.masked) std::memcpy(header.key.data(), data + 2 + length_size, 4);
  return Next::kGoOn;
}

// §5.4: a message's first frame names its kind, all others continue it.
FrameParser::Next FrameParser::check_data_frame(const Header& header) {
  const bool in_message = partial_ && partial_->in_message;
  const bool continues = header.opcode == Opcode::kContinuation;
  if (continues && !in_message) return violate(kCloseProtocolError, "continuation of no message");
  if (!continues && in_message) return violate(kCloseProtocolError, "new message inside a fragmented one");
  if (in_message && partial_->fragments >= max_fragments_)
    return violate(kClosePolicy, "message has more than " + std::to_string(max_fragments_) + " fragments");
  return Next::kGoOn;
}

FrameParser::Next FrameParser::read_payload(char*& at, const char* end, const Header& header,
                                            Events& events) {
  const bool whole = header.payload_size <= static_cast<uint64_t>(end - at);
  const bool control = is_control(header.opcode);
  if (whole && (control || (header.fin && header.opcode != Opcode::kContinuation))) [[likely]] {
    const std::string_view payload(at, static_cast<size_t>(header.payload_size));
    if (header.masked) apply_mask(at, payload.size(), header.key);
    at += payload.size();
    drop_partial_if_idle();
    if (control) return on_control(header.opcode, payload, events);
    const MessageKind kind = header.opcode == Opcode::kText ? MessageKind::kText : MessageKind::kBinary;
    if (kind == MessageKind::kText && !header.compressed && !is_valid_text(payload))
      return violate(kCloseInvalidData, "text is not valid UTF-8");
    return on_payload(kind, header.compressed, payload, events);
  }
  Partial& kept = partial();
  if (!control) {
    if (!kept.in_message) {
      kept.in_message = true;
      kept.kind = header.opcode == Opcode::kText ? MessageKind::kText : MessageKind::kBinary;
      kept.compressed = header.compressed;
    }
    ++kept.fragments;
  }
  kept.in_payload = true;
  kept.frame = header;
  kept.received = 0;
  return continue_payload(at, end, events);
}

FrameParser::Next FrameParser::continue_payload(char*& at, const char* end, Events& events) {
  Partial& kept = *partial_;
  const Header& frame = kept.frame;
  const auto size = static_cast<size_t>(
      std::min<uint64_t>(static_cast<uint64_t>(end - at), frame.payload_size - kept.received));
  if (frame.masked) apply_mask(at, size, frame.key, static_cast<size_t>(kept.received & 3));
  const std::string_view piece(at, size);
  at += size;
  kept.received += size;
  const bool ended = kept.received == frame.payload_size;
  if (is_control(frame.opcode)) {
    kept.control += piece;
    if (!ended) return Next::kNeedMore;
    kept.in_payload = false;
    const Opcode opcode = frame.opcode;
    const std::string payload = std::move(kept.control);
    kept.control.clear();
    drop_partial_if_idle();
    return on_control(opcode, payload, events);
  }
  const bool plain_text = kept.kind == MessageKind::kText && !kept.compressed;
  if (plain_text && !kept.utf8.feed(piece)) return violate(kCloseInvalidData, "text is not valid UTF-8");
  kept.message += piece;
  if (!ended) return Next::kNeedMore;
  kept.in_payload = false;
  if (!frame.fin) return Next::kGoOn;
  if (plain_text && !kept.utf8.complete()) return violate(kCloseInvalidData, "text is not valid UTF-8");
  // The event may destroy *this: the message lives here meanwhile.
  const std::unique_ptr<Partial> done = std::move(partial_);
  return on_payload(done->kind, done->compressed, done->message, events);
}

FrameParser::Next FrameParser::on_payload(MessageKind kind, bool compressed, std::string_view payload,
                                          Events& events) {
  std::string inflated;
  if (compressed) {
    switch (deflate_->inflate(payload, max_message_bytes_, inflated)) {
      case DeflateCodec::Verdict::kTooLarge:
        return violate(kCloseTooBig, std::to_string(payload.size()) +
                                         " compressed bytes inflate to more than the limit of " +
                                         std::to_string(max_message_bytes_) + " bytes");
      case DeflateCodec::Verdict::kInvalid:
        return violate(kCloseInvalidData, "compressed message is not valid DEFLATE data");
      case DeflateCodec::Verdict::kOk:
        break;
    }
    if (kind == MessageKind::kText && !is_valid_text(inflated))
      return violate(kCloseInvalidData, "text is not valid UTF-8");
    payload = inflated;
  }
  return events.on_message(kind, payload) ? Next::kGoOn : Next::kStopped;
}

FrameParser::Next FrameParser::on_control(Opcode opcode, std::string_view payload, Events& events) {
  switch (opcode) {
    case Opcode::kPing:
      return events.on_ping(payload) ? Next::kGoOn : Next::kStopped;
    case Opcode::kPong:
      return events.on_pong(payload) ? Next::kGoOn : Next::kStopped;
    default:
      return on_close(payload, events);
  }
}

// §5.5.1, §7.4
FrameParser::Next FrameParser::on_close(std::string_view payload, Events& events) {
  std::optional<uint16_t> code;
  if (payload.size() == 1) return violate(kCloseProtocolError, "close frame with half a code");
  if (payload.size() >= 2) {
    code = static_cast<uint16_t>(static_cast<uint8_t>(payload[0]) << 8 | static_cast<uint8_t>(payload[1]));
    payload.remove_prefix(2);
    if (!may_travel(*code))
      return violate(kCloseProtocolError, "close frame with a code that may not be sent");
    Utf8Validator utf8;
    if (!utf8.feed(payload) || !utf8.complete())
      return violate(kCloseInvalidData, "reason of the close frame is not valid UTF-8");
  }
  state_ = State::kClosed;
  partial_.reset();
  events.on_close(code, payload);
  return Next::kStopped;
}

}  // namespace patchbay::websocket
