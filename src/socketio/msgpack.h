// Socket.IO packets in MessagePack, as npm's socket.io-msgpack-parser 3 writes and reads them: one binary
// message holds the map {type, data, id, nsp}, binary values included. Decoding gives the same JSON text with
// placeholders that the default encoding would have brought, so that nothing above knows the difference;
// encoding takes it back. Only whole messages; it does not tell the two encodings apart. Pure functions; any
// thread. https://github.com/msgpack/msgpack/blob/master/spec.md
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "socketio/args.h"
#include "socketio/packet.h"

namespace patchbay::socketio {

struct MsgpackLimits {
  uint32_t max_attachments = 10;      // binary values in one packet
  size_t max_namespace_bytes = 1024;  // of the name
  // Of the JSON text. It is at most 6 times as long as the message (control characters and `false` are the
  // worst) and 40 bytes for each attachment, whatever this limit.
  size_t max_data_bytes = 2'000'000;
};

// A decoded packet, which owns what it says.
struct MsgpackPacket {
  PacketType type = PacketType::kEvent;  // never one of the binary ones
  std::string nsp;
  std::optional<uint64_t> id;
  std::string data;  // JSON, empty when there is none
  // In the order of the placeholders in `data`; each is named by exactly one.
  std::vector<Attachment> attachments;

  // Keeps all the promises of PacketView; of type kBinaryEvent or kBinaryAck when there are attachments.
  // Valid until the packet changes or moves.
  PacketView view() const;
};

// Reads one packet. The keys may come in any order, of equal ones the last counts, unknown ones are ignored.
// `data` and `id` may be missing, nil or undefined.
//
// clang-format off
//   msgpack                                                 | JSON
//   --------------------------------------------------------|-----------------------------------------------------
//   integer, up to 64 bits                                  | the number, exactly
//   float                                                   | the shortest number that reads the same; an integer
//                                                           | up to 64 bits without fraction or exponent; null for
//                                                           | NaN and the infinities
//   bin; ext 8/16/32 of type 0 (what npm's parser writes in | placeholder and attachment
//   Node for ArrayBuffer and typed arrays)                  |
//   ext of type -1 (timestamp); fixext 8 of type 0 (npm:    | ISO 8601 text in milliseconds, as Date.prototype.toJSON
//   Date)                                                   | gives; null outside the years 0 to 9999
//   fixext 1 of type 0 (npm: undefined)                     | as JSON.stringify does it: null in an array; as a
//                                                           | member it goes, with its name
//   any other ext                                           | [type, placeholder], with its bytes as the attachment,
//                                                           | as npm's parser does
// clang-format on
//
// Refused: what decode_packet() would refuse; a message that is not exactly one map; types 5 and 6; a
// namespace that is missing, not a string or not UTF-8, does not begin with '/' or has a comma; map keys that
// are not strings; strings that are not UTF-8; nesting deeper than kMaxJsonDepth, placeholders included;
// attachments in other packets than events and acknowledgements; a map that looks like a placeholder in a
// packet with attachments. Nothing is allocated for a length before that many bytes are known to be there. On
// error `packet` is unspecified, and may be used again.
DecodeStatus decode_msgpack_packet(std::string_view bytes, const MsgpackLimits& limits,
                                   MsgpackPacket& packet);

// Writes `packet`, which keeps the promises of PacketView: integers and lengths in their smallest form,
// fractions and what exceeds 64 bits as float 64, numbers that no float can hold as nil. Placeholders become
// the binary values they name; with no `attachments` they are plain objects. Lone surrogates become U+FFFD.
// At most 3 times as long as the JSON text and the attachments, plus 64 bytes.
std::string encode_msgpack_packet(const PacketView& packet, std::span<const Attachment> attachments);

}  // namespace patchbay::socketio
