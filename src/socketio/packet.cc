#include "socketio/packet.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "socketio/json_scan.h"

namespace patchbay::socketio {
namespace {

constexpr std::string_view kReservedEvents[] = {"connect",       "connect_error", "disconnect",
                                                "disconnecting", "newListener",   "removeListener"};

constexpr DecodeStatus bad_packet(std::string_view what) {
  return DecodeStatus::error(what);
}

// Takes the digits at the front of `text`. False when there are none or they exceed 64 bits.
bool take_number(std::string_view& text, uint64_t& value) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc()) return false;
  text.remove_prefix(static_cast<size_t>(result.ptr - text.data()));
  return true;
}

bool starts_with_digit(std::string_view text) {
  return !text.empty() && text.front() >= '0' && text.front() <= '9';
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

DecodeStatus take_attachments(std::string_view& text, uint32_t max, uint32_t& attachments) {
  uint64_t count = 0;
  const bool digits = starts_with_digit(text);
  if (!digits) return bad_packet("a binary packet must begin with the number of its attachments");
  if (!take_number(text, count) || count > max) return bad_packet("too many attachments in one packet");
  if (count == 0) return bad_packet("a binary packet must have at least one attachment");
  if (!text.starts_with('-')) return bad_packet("a '-' must follow the number of attachments");
  text.remove_prefix(1);
  attachments = static_cast<uint32_t>(count);
  return {};
}

DecodeStatus take_namespace(std::string_view& text, size_t max_bytes, std::string_view& nsp) {
  const size_t comma = text.find(',');
  nsp = text.substr(0, comma);
  if (const auto status = check_namespace(nsp, max_bytes); !status) return status;
  text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  return {};
}

// The arguments of a binary packet: follows every object, however deep, and holds what it says about itself.
// `json` is valid. In JavaScript the last of several members with one name counts; so it does here.
bool placeholders_in_range(std::string_view json, uint32_t attachments) {
  struct Object {
    bool is_placeholder = false;
    bool has_index = false;
  };
  std::array<Object, kMaxJsonDepth> stack;
  size_t depth = 0;
  std::string storage;
  std::string_view member;  // the name whose value comes next; empty in arrays
  const auto note = [&](std::string_view value) {
    if (member == "_placeholder") {
      stack[depth - 1].is_placeholder = value == "true";
    } else if (member == "num") {
      uint64_t index = 0;
      std::string_view rest = value;
      stack[depth - 1].has_index = take_number(rest, index) && rest.empty() && index < attachments;
    }
    member = {};
  };
  for (JsonTokens tokens(json); const auto token = tokens.next();) {
    switch (token->front()) {
      case '{':
      case '[':
        note(*token);
        stack[depth++] = {};
        break;
      case '}':
      case ']': {
        const Object& object = stack[--depth];
        if (object.is_placeholder && !object.has_index) return false;
        break;
      }
      default:
        if (tokens.is_member_name()) {
          member = decode_json_string(*token, storage).value_or(std::string_view());
        } else {
          note(*token);
        }
    }
  }
  return true;
}

DecodeStatus check_kind(const PacketView& packet) {
  const std::string_view data = packet.data;
  const JsonKind kind = kind_of(data);
  switch (packet.type) {
    case PacketType::kConnect:
      if (data.empty()) return {};
      if (kind != JsonKind::kObject) return bad_packet("the data of CONNECT must be a JSON object");
      break;
    case PacketType::kDisconnect:
      return data.empty() ? DecodeStatus() : bad_packet("DISCONNECT must not have data");
    case PacketType::kConnectError:
      if (kind != JsonKind::kObject && kind != JsonKind::kString)
        return bad_packet("the data of CONNECT_ERROR must be a JSON object or string");
      break;
    case PacketType::kEvent:
    case PacketType::kBinaryEvent:
      if (kind != JsonKind::kArray) return bad_packet("the data of an event must be a JSON array");
      break;
    case PacketType::kAck:
    case PacketType::kBinaryAck:
      if (kind != JsonKind::kArray) return bad_packet("the data of an acknowledgement must be a JSON array");
      break;
  }
  if (!is_valid_json(data)) return bad_packet("the data of the packet is not valid JSON, or nested too deep");
  return {};
}

DecodeStatus check_event_name(std::string_view data) {
  const auto first = ArrayCursor(data).next();
  const JsonKind kind = first ? kind_of(*first) : JsonKind::kInvalid;
  // A number cannot be one of the reserved names; Node lets it pass, so clients may send it.
  if (kind == JsonKind::kNumber) return {};
  if (kind != JsonKind::kString) return bad_packet("the name of an event must be a string");
  std::string storage;
  if (is_reserved_event(decode_json_string(*first, storage).value_or(std::string_view())))
    return bad_packet("this event name is reserved");
  return {};
}

// Type, attachments, namespace, id: all that stands in front of the data.
void append_head(std::string& out, PacketType type, size_t attachments, std::string_view nsp,
                 std::optional<uint64_t> id) {
  // Type, count, '-', ',' and id: two numbers of at most 20 digits.
  char number[24];
  const auto append_number = [&](uint64_t value) {
    out.append(number, std::to_chars(number, number + sizeof number, value).ptr);
  };
  out += to_char(type);
  if (is_binary(type)) {
    append_number(attachments);
    out += '-';
  }
  if (nsp != "/") {
    out += nsp;
    out += ',';
  }
  if (id) append_number(*id);
}

constexpr size_t kMaxHead = 48;  // bytes of a head without the namespace

}  // namespace

bool is_reserved_event(std::string_view name) {
  return std::ranges::find(kReservedEvents, name) != std::end(kReservedEvents);
}

DecodeStatus check_namespace(std::string_view nsp, size_t max_bytes) {
  if (nsp.size() > max_bytes) return bad_packet("the name of the namespace is too long");
  if (std::ranges::any_of(nsp, is_control))
    return bad_packet("control character in the name of the namespace");
  return {};
}

DecodeStatus check_packet_data(const PacketView& packet) {
  if (const auto status = check_kind(packet); !status) return status;
  if (packet.type == PacketType::kEvent || packet.type == PacketType::kBinaryEvent)
    if (const auto status = check_event_name(packet.data); !status) return status;
  if (packet.attachments > 0 && !placeholders_in_range(packet.data, packet.attachments))
    return bad_packet("a placeholder names an attachment that the packet does not have");
  return {};
}

DecodeStatus decode_packet(std::string_view text, const PacketLimits& limits, PacketView& packet) {
  packet = {};
  if (text.empty()) return bad_packet("empty Socket.IO packet");
  if (text.front() < '0' || text.front() > '6')
    return bad_packet("unknown Socket.IO packet type: it must be 0 to 6");
  packet.type = static_cast<PacketType>(text.front() - '0');
  text.remove_prefix(1);
  if (is_binary(packet.type))
    if (const auto status = take_attachments(text, limits.max_attachments, packet.attachments); !status)
      return status;
  if (text.starts_with('/'))
    if (const auto status = take_namespace(text, limits.max_namespace_bytes, packet.nsp); !status)
      return status;
  if (starts_with_digit(text))
    if (!take_number(text, packet.id.emplace())) return bad_packet("the acknowledgement id is too large");

  packet.data = trim_json(text);
  return check_packet_data(packet);
}

void append_packet(std::string& out, const PacketView& packet) {
  out.reserve(out.size() + kMaxHead + packet.nsp.size() + packet.data.size());
  append_head(out, packet.type, packet.attachments, packet.nsp, packet.id);
  out += packet.data;
}

void append_connect(std::string& out, std::string_view nsp, std::string_view sid, std::string_view pid) {
  out.reserve(out.size() + kMaxHead + nsp.size() + sid.size() + pid.size());
  append_head(out, PacketType::kConnect, 0, nsp, std::nullopt);
  out += "{\"sid\":";
  append_json_string(out, sid);
  if (!pid.empty()) {
    out += ",\"pid\":";
    append_json_string(out, pid);
  }
  out += '}';
}

void append_connect_error(std::string& out, std::string_view nsp, std::string_view message,
                          std::string_view data_json) {
  out.reserve(out.size() + kMaxHead + nsp.size() + message.size() + data_json.size());
  append_head(out, PacketType::kConnectError, 0, nsp, std::nullopt);
  out += "{\"message\":";
  append_json_string(out, message);
  if (!data_json.empty()) {
    out += ",\"data\":";
    out += data_json;
  }
  out += '}';
}

void append_disconnect(std::string& out, std::string_view nsp) {
  append_head(out, PacketType::kDisconnect, 0, nsp, std::nullopt);
}

void append_event(std::string& out, std::string_view nsp, std::optional<uint64_t> id, std::string_view event,
                  std::string_view args_json, size_t attachments) {
  out.reserve(out.size() + kMaxHead + nsp.size() + event.size() + args_json.size());
  append_head(out, attachments > 0 ? PacketType::kBinaryEvent : PacketType::kEvent, attachments, nsp, id);
  out += '[';
  append_json_string(out, event);
  if (!args_json.empty()) {
    out += ',';
    out += args_json;
  }
  out += ']';
}

void append_ack(std::string& out, std::string_view nsp, uint64_t id, std::string_view args_json,
                size_t attachments) {
  out.reserve(out.size() + kMaxHead + nsp.size() + args_json.size());
  append_head(out, attachments > 0 ? PacketType::kBinaryAck : PacketType::kAck, attachments, nsp, id);
  out += '[';
  out += args_json;
  out += ']';
}

}  // namespace patchbay::socketio
