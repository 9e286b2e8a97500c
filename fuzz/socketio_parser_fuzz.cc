// deps: socketio
// What one connection sends: messages separated by 0xff, binary ones begin with 'b'. Every packet that comes
// out keeps the promises of PacketView and survives encoding and decoding; what is held never passes the
// limit.
#include <cstdio>
#include <cstdlib>
#include <source_location>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "base/bytes.h"
#include "socketio/binary.h"
#include "socketio/decoder.h"
#include "socketio/json_scan.h"

namespace {

using namespace patchbay::socketio;

constexpr size_t kMaxBytes = 300;

void check(bool holds, std::source_location where = std::source_location::current()) {
  if (holds) return;
  std::fprintf(stderr, "the check in line %u does not hold\n", where.line());
  std::abort();
}

void check_placeholders(const boost::json::value& value, size_t attachments) {
  if (const auto* const object = value.if_object()) {
    const boost::json::value* const mark = object->if_contains("_placeholder");
    if (mark != nullptr && mark->is_bool() && mark->get_bool()) {
      const auto index = placeholder_index(value);
      check(index && *index < attachments);
    }
    for (const auto& member : *object) check_placeholders(member.value(), attachments);
  } else if (const auto* const array = value.if_array()) {
    for (const auto& element : *array) check_placeholders(element, attachments);
  }
}

struct Checker final : Decoder::Events {
  bool on_packet(const PacketView& packet, std::span<const Attachment> attachments) override {
    check(packet.nsp.starts_with('/'));
    check(packet.attachments == attachments.size());
    check(is_binary(packet.type) == !attachments.empty());
    check(packet.data.empty() || is_valid_json(packet.data));
    check(packet.data == trim_json(packet.data));
    if (packet.type == PacketType::kEvent || packet.type == PacketType::kBinaryEvent) {
      std::string storage;
      check(!is_reserved_event(split_event(packet.data, storage).name));
    }
    if (!attachments.empty()) {
      boost::json::error_code error;
      const auto value =
          boost::json::parse(replace_lone_surrogates(packet.data), error, {}, {.max_depth = kMaxJsonDepth});
      if (!error) check_placeholders(value, attachments.size());
    }
    std::string text;
    append_packet(text, packet);
    PacketView again;
    check(static_cast<bool>(decode_packet(text, {}, again)));
    check(again.type == packet.type && again.nsp == packet.nsp && again.id == packet.id &&
          again.data == packet.data && again.attachments == packet.attachments);
    return true;
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  Decoder decoder({.max_attachments = 10, .max_bytes = kMaxBytes});
  Checker checker;
  while (!rest.empty()) {
    const size_t end = rest.find('\xff');
    const std::string_view message = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    // The transport has checked the encoding of text.
    const bool binary = message.starts_with('b');
    if (!binary && !patchbay::is_valid_utf8(message)) continue;
    const DecodeStatus status =
        binary ? decoder.on_binary(message.substr(1), checker) : decoder.on_text(message, checker);
    check(status || !decoder.has_pending());
    check(status.message().size() <= 123);
    check(decoder.pending_bytes() <= kMaxBytes);
  }
  return 0;
}
