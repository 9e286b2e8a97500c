#include "socketio/msgpack.h"

#include <array>
#include <charconv>
#include <cmath>

#include "base/bytes.h"
#include "base/clock.h"
#include "socketio/binary.h"
#include "socketio/json_scan.h"
#include "socketio/msgpack_reader.h"

namespace patchbay::socketio {
namespace {

using msgpack::Kind;
using msgpack::Reader;
using msgpack::Token;

constexpr DecodeStatus bad_message(std::string_view what) {
  return DecodeStatus::error(what);
}

template <typename Number>
void append_chars(std::string& out, Number number) {
  char text[32];
  out.append(text, std::to_chars(text, text + sizeof text, number).ptr);
}

void append_real(std::string& out, double real) {
  if (!std::isfinite(real)) {
    out += "null";
  } else if (std::trunc(real) == real && real >= 0 && real < msgpack::kTwoTo64) {
    append_chars(out, static_cast<uint64_t>(real));  // also for -0, which JavaScript writes as 0
  } else if (std::trunc(real) == real && real < 0 && real >= -msgpack::kTwoTo63) {
    append_chars(out, static_cast<int64_t>(real));
  } else {
    append_chars(out, real);
  }
}

void append_timestamp(std::string& out, const Token& token) {
  constexpr int64_t kFirst = -62'167'219'200, kBehind = 253'402'300'800;  // seconds of the years 0 and 10000
  const auto number = [&](size_t from, size_t size) {
    uint64_t value = 0;
    for (const char byte : token.bytes.substr(from, size)) value = value << 8 | static_cast<uint8_t>(byte);
    return value;
  };
  int64_t seconds = 0;
  uint64_t nanoseconds = 0;
  if (token.type == 0) {
    const auto ms = static_cast<int64_t>(number(0, 8));
    seconds = ms / 1'000 - (ms % 1'000 < 0);
    nanoseconds = static_cast<uint64_t>(ms - seconds * 1'000) * 1'000'000;
  } else if (token.bytes.size() == 4) {
    seconds = static_cast<int64_t>(number(0, 4));
  } else if (token.bytes.size() == 8) {
    seconds = static_cast<int64_t>(number(0, 8) & 0x3'ffff'ffff);
    nanoseconds = number(0, 8) >> 34;
  } else {
    nanoseconds = number(0, 4);
    seconds = static_cast<int64_t>(number(4, 8));
  }
  if (seconds < kFirst || seconds >= kBehind || nanoseconds >= 1'000'000'000) {
    out += "null";
    return;
  }
  out += '"';
  out += to_iso8601(from_unix_ms(seconds * 1'000 + static_cast<int64_t>(nanoseconds / 1'000'000)));
  out += '"';
}

// Turns one value into JSON text and attachments.
class DataReader {
 public:
  DataReader(Reader& reader, const MsgpackLimits& limits, std::string& json,
             std::vector<Attachment>& attachments)
      : reader_(reader), limits_(limits), json_(json), attachments_(attachments) {}

  DecodeStatus read();
  // A map of the peer's has the member "_placeholder" with the value true.
  bool saw_placeholder() const { return saw_placeholder_; }

 private:
  struct Frame {
    uint64_t left;  // elements or pairs that are not done
    size_t member;  // where in json_ the text of the current member begins, with its comma
    bool is_map;
    bool is_mark;  // the current member is named "_placeholder"
  };

  DecodeStatus begin_element(Frame& frame);
  DecodeStatus write(const Token& token);
  DecodeStatus write_string(std::string_view text);
  DecodeStatus attach(std::string_view bytes);

  Reader& reader_;
  const MsgpackLimits& limits_;
  std::string& json_;
  std::vector<Attachment>& attachments_;
  bool saw_placeholder_ = false;
};

DecodeStatus DataReader::read() {
  std::array<Frame, kMaxJsonDepth> frames;
  size_t depth = 0;
  while (true) {
    Token token;
    if (const auto status = reader_.read(token); !status) return status;
    if (token.kind == Kind::kArray || token.kind == Kind::kMap) {
      if (depth == frames.size()) return bad_message("the data of the msgpack packet is nested too deep");
      const bool is_map = token.kind == Kind::kMap;
      frames[depth++] = {.left = token.number, .is_map = is_map};
      json_ += is_map ? '{' : '[';
    } else {
      const bool in_map = depth > 0 && frames[depth - 1].is_map;
      if (token.kind == Kind::kUndefined && in_map) {
        json_.resize(frames[depth - 1].member);
      } else if (const auto status = write(token); !status) {
        return status;
      }
      if (token.kind == Kind::kTrue && in_map && frames[depth - 1].is_mark) saw_placeholder_ = true;
      if (depth > 0) --frames[depth - 1].left;
    }
    while (depth > 0 && frames[depth - 1].left == 0) {
      json_ += frames[--depth].is_map ? '}' : ']';
      if (depth > 0) --frames[depth - 1].left;
    }
    if (json_.size() > limits_.max_data_bytes)
      return bad_message("the data of the msgpack packet is too large");
    if (depth == 0) return {};
    if (const auto status = begin_element(frames[depth - 1]); !status) return status;
  }
}

// Comma, and the name of a member.
DecodeStatus DataReader::begin_element(Frame& frame) {
  frame.member = json_.size();
  // No text of a value ends like this.
  if (json_.back() != '[' && json_.back() != '{') json_ += ',';
  if (!frame.is_map) return {};
  Token key;
  if (const auto status = reader_.read(key); !status) return status;
  if (key.kind != Kind::kString)
    return bad_message("a map in the msgpack packet has a key that is not a string");
  frame.is_mark = key.bytes == "_placeholder";
  if (const auto status = write_string(key.bytes); !status) return status;
  json_ += ':';
  return {};
}

DecodeStatus DataReader::write(const Token& token) {
  switch (token.kind) {
    case Kind::kFalse:
      json_ += "false";
      return {};
    case Kind::kTrue:
      json_ += "true";
      return {};
    case Kind::kUnsigned:
      append_chars(json_, token.number);
      return {};
    case Kind::kNegative:
      append_chars(json_, static_cast<int64_t>(token.number));
      return {};
    case Kind::kFloat:
      append_real(json_, token.real);
      return {};
    case Kind::kString:
      return write_string(token.bytes);
    case Kind::kTimestamp:
      append_timestamp(json_, token);
      return {};
    case Kind::kBinary:
      return attach(token.bytes);
    case Kind::kExtension: {
      json_ += '[';
      append_chars(json_, int{token.type});
      json_ += ',';
      const auto status = attach(token.bytes);
      json_ += ']';
      return status;
    }
    default:  // nil, undefined in an array or alone; containers do not come here
      json_ += "null";
      return {};
  }
}

DecodeStatus DataReader::write_string(std::string_view text) {
  if (text.size() > limits_.max_data_bytes) return bad_message("the data of the msgpack packet is too large");
  if (!is_valid_utf8(text)) return bad_message("a string in the msgpack packet is not UTF-8");
  append_json_string(json_, text);
  return {};
}

DecodeStatus DataReader::attach(std::string_view bytes) {
  if (attachments_.size() >= limits_.max_attachments)
    return bad_message("too many attachments in one packet");
  append_placeholder(json_, attachments_.size());
  attachments_.push_back(std::make_shared<const std::string>(bytes));
  return {};
}

DecodeStatus take_namespace(const Token& token, size_t max_bytes, std::string& nsp) {
  if (token.kind != Kind::kString || !token.bytes.starts_with('/') || token.bytes.contains(','))
    return bad_message(
        "the namespace of a msgpack packet must be a string that begins with '/' and has no comma");
  if (const auto status = check_namespace(token.bytes, max_bytes); !status) return status;
  if (!is_valid_utf8(token.bytes)) return bad_message("the name of the namespace is not UTF-8");
  nsp = token.bytes;
  return {};
}

}  // namespace

PacketView MsgpackPacket::view() const {
  PacketType shown = type;
  if (!attachments.empty())
    shown = type == PacketType::kAck ? PacketType::kBinaryAck : PacketType::kBinaryEvent;
  return {.type = shown,
          .nsp = nsp,
          .id = id,
          .data = data,
          .attachments = static_cast<uint32_t>(attachments.size())};
}

DecodeStatus decode_msgpack_packet(std::string_view bytes, const MsgpackLimits& limits,
                                   MsgpackPacket& packet) {
  if (bytes.empty()) return bad_message("empty Socket.IO packet");
  packet.nsp.clear();
  packet.id.reset();
  packet.data.clear();
  packet.attachments.clear();
  bool has_type = false;
  bool looks_like_placeholder = false;

  Reader reader(bytes);
  Token map;
  if (const auto status = reader.read(map); !status) return status;
  if (map.kind != Kind::kMap) return bad_message("a Socket.IO packet in msgpack must be a map");
  for (uint64_t left = map.number; left > 0; --left) {
    Token key;
    if (const auto status = reader.read(key); !status) return status;
    if (key.kind != Kind::kString)
      return bad_message("a map in the msgpack packet has a key that is not a string");
    if (key.bytes == "data") {
      packet.data.clear();
      packet.attachments.clear();
      DataReader data(reader, limits, packet.data, packet.attachments);
      if (const auto status = data.read(); !status) return status;
      looks_like_placeholder = data.saw_placeholder();
      if (packet.data == "null") packet.data.clear();
      continue;
    }
    Token value;
    if (const auto status = reader.read(value); !status) return status;
    if (key.bytes == "type") {
      if (value.kind != Kind::kUnsigned || value.number > 4)
        return bad_message("unknown Socket.IO packet type: in msgpack it must be 0 to 4");
      packet.type = static_cast<PacketType>(value.number);
      has_type = true;
    } else if (key.bytes == "nsp") {
      if (const auto status = take_namespace(value, limits.max_namespace_bytes, packet.nsp); !status)
        return status;
    } else if (key.bytes == "id") {
      packet.id.reset();
      if (value.kind == Kind::kUnsigned) {
        packet.id = value.number;
      } else if (value.kind != Kind::kNil && value.kind != Kind::kUndefined) {
        return bad_message("the acknowledgement id must be an integer that is not negative");
      }
    } else if (const auto status = reader.skip_rest_of(value); !status) {
      return status;
    }
  }
  if (!reader.at_end()) return bad_message("bytes follow the Socket.IO packet in the msgpack message");
  if (!has_type) return bad_message("the type of the msgpack packet is missing");
  if (packet.nsp.empty()) return bad_message("the namespace of the msgpack packet is missing");
  if (!packet.attachments.empty()) {
    if (packet.type != PacketType::kEvent && packet.type != PacketType::kAck)
      return bad_message("only events and acknowledgements may have binary values");
    if (looks_like_placeholder)
      return bad_message(
          "a map with \"_placeholder\" stands beside binary values: it could be taken for one");
  }
  return check_packet_data(packet.view());
}

}  // namespace patchbay::socketio
