// Packets on their way out of one connection. Shard-local. Internal to the module.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engineio/session.h"
#include "socketio/args.h"
#include "socketio/selection.h"

namespace patchbay::socketio {

class Namespace;

inline const EmitFlags kNoFlags;

// For one receiver; views of what the caller holds.
struct OutgoingPacket {
  std::string_view text;
  std::span<const Attachment> attachments = {};
  const EmitFlags& flags = kNoFlags;
  // An event: a receiver that reads too slowly may lose it, where the policy says so. Never so for the
  // packets that make the protocol: CONNECT, DISCONNECT, acknowledgements.
  bool droppable = false;
};

// Whether an event may be sent. False, with an error in the log, for the names that clients take for
// something that happened (is_reserved_event); official ones drop their connection over `connect`.
bool may_emit(std::string_view event, const Namespace& nsp);

// A packet of ours in MessagePack; see msgpack.h.
std::string to_msgpack(std::string_view packet, std::span<const Attachment> attachments);

// One that waits in a backlog.
struct WaitingPacket {
  engineio::SharedMessage message;
  std::vector<engineio::SharedMessage> attachments;
  std::shared_ptr<Namespace> nsp;  // whose budget it takes from

  // What a packet takes beside its payloads, as measured: its place in the backlog (176), and the buffer of a
  // message that is nobody else's (66). Without it small events would be bounded by their number alone.
  static constexpr size_t kOverhead = 256;
  static constexpr size_t kAttachmentOverhead = 160;
  static constexpr size_t kKeyOverhead = 128;  // of one with EmitFlags::coalesce_key
  // Bytes that it counts for; the key's own come on top.
  size_t cost(bool has_key) const {
    size_t bytes = kOverhead + message.payload().size() + (has_key ? kKeyOverhead : 0);
    for (const auto& attachment : attachments) bytes += kAttachmentOverhead + attachment.payload().size();
    return bytes;
  }
};

// For many receivers of one shard: encoded and framed when the first one needs it, then shared.
class SharedPacket {
 public:
  // Both must outlive the object.
  SharedPacket(std::string_view text, std::span<const Attachment> attachments, bool compress)
      : text_(text), attachments_(attachments), compress_(compress) {}

  const engineio::SharedMessage& text() {
    if (!encoded_) {
      encoded_ = engineio::SharedMessage::text(text_, compress_);
      for (const Attachment& attachment : attachments_)
        binary_.push_back(engineio::SharedMessage::binary(*attachment, compress_));
    }
    return *encoded_;
  }
  // After text().
  std::span<const engineio::SharedMessage> attachments() const { return binary_; }
  // The whole packet as one binary message.
  const engineio::SharedMessage& msgpack() {
    if (!msgpack_) msgpack_ = engineio::SharedMessage::binary(to_msgpack(text_, attachments_), compress_);
    return *msgpack_;
  }

 private:
  std::string_view text_;
  std::span<const Attachment> attachments_;
  bool compress_;
  std::optional<engineio::SharedMessage> encoded_;
  std::vector<engineio::SharedMessage> binary_;
  std::optional<engineio::SharedMessage> msgpack_;
};

}  // namespace patchbay::socketio
