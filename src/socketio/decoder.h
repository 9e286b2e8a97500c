// Puts the Socket.IO packets of one Engine.IO connection together: text packets pass through as views,
// without a copy; binary packets wait for their attachments, within limits. Does no I/O and keeps no clock:
// while has_pending() the owner holds a deadline. Shard-local; 24 bytes when nothing is pending.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "socketio/args.h"
#include "socketio/packet.h"

namespace patchbay::socketio {

class Decoder {
 public:
  struct Options {
    uint32_t max_attachments = 10;  // of one packet
    size_t max_bytes = 1'000'000;   // of one binary packet: its text and all its attachments
  };

  class Events {
   public:
    virtual ~Events() = default;
    // A whole packet; the views end with the call, the attachments may be kept. Returns false when the owner
    // has closed the connection in it; the decoder must outlive the call.
    virtual bool on_packet(const PacketView& packet, std::span<const Attachment> attachments) = 0;
  };

  explicit Decoder(const Options& options);
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // A text (binary) message arrived. On error the connection must be closed; what was pending is dropped, and
  // the decoder is as good as new. `text` must be UTF-8.
  DecodeStatus on_text(std::string_view text, Events& events);
  DecodeStatus on_binary(std::string_view bytes, Events& events);

  // Attachments are still to come.
  bool has_pending() const { return pending_ != nullptr; }
  // The namespace of the pending packet; only with has_pending().
  std::string_view pending_nsp() const;
  // Held for the pending packet; 0 without one.
  size_t pending_bytes() const;
  // Drops what is pending.
  void reset();

 private:
  struct Pending;

  DecodeStatus begin_binary(std::string_view text, const PacketLimits& limits);

  uint32_t max_attachments_;
  size_t max_bytes_;
  std::unique_ptr<Pending> pending_;
};

}  // namespace patchbay::socketio
