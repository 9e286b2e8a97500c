// Internal to the module. One connection as a channel of nodes: intro, Noise handshake, frames, encryption,
// encoding. No I/O: bytes in, nodes out, and back. Shard-local.
#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "binary/node.h"
#include "noise/cipher.h"
#include "noise/frame.h"
#include "noise/handshake.h"

namespace patchbay::whatsapp {

class NodeChannel {
 public:
  class Events {
   public:
    virtual ~Events() = default;
    // Once, first. `bytes` go out before anything else.
    virtual void on_handshake_done(Bytes bytes) = 0;
    // False: no more.
    virtual bool on_node(const binary::Node& node) = 0;
    // A frame that is the server's, but holds no node that can be read; the next ones may. False: fatal.
    virtual bool on_unreadable(const Error& error) = 0;
  };

  explicit NodeChannel(noise::Initiator::Options options);

  // The first bytes to send, with what routes the connection. Once, first.
  Bytes start(std::string_view routing_info);
  // Takes bytes in any pieces. The channel must stay until feed() returned. kAuthentication: the server is
  // not who it should be, or a frame was forged; anything else: no such protocol. All are fatal.
  Status feed(std::string_view bytes, Events& events);
  // The bytes to send for it; after the handshake.
  Bytes encode(const binary::Node& node);

  bool is_open() const { return cipher_.has_value(); }
  // After the handshake.
  const crypto::Key32& server_static() const { return server_static_; }
  // Whether the handshake relies on a key that the server may have changed since.
  bool tried_ik() const { return tried_ik_; }
  size_t buffered_bytes() const { return frames_.buffered_bytes(); }

 private:
  Status on_frame(std::string_view payload, Events& events, bool& go_on);

  noise::FrameReader frames_;
  std::optional<noise::Initiator> handshake_;  // until it is done
  std::optional<noise::Cipher> cipher_;        // from then on
  crypto::Key32 server_static_{};
  bool tried_ik_;
};

}  // namespace patchbay::whatsapp
