#include "socketio/decoder.h"

#include <string>
#include <utility>
#include <vector>

namespace patchbay::socketio {

struct Decoder::Pending {
  std::string text;
  PacketView packet;  // views into `text`
  std::vector<Attachment> attachments;
  size_t bytes = 0;  // of `text` and the attachments
};

Decoder::Decoder(const Options& options)
    : max_attachments_(options.max_attachments), max_bytes_(options.max_bytes) {}
Decoder::~Decoder() = default;

std::string_view Decoder::pending_nsp() const {
  return pending_->packet.nsp;
}
size_t Decoder::pending_bytes() const {
  return pending_ ? pending_->bytes : 0;
}
void Decoder::reset() {
  pending_ = nullptr;
}

DecodeStatus Decoder::on_text(std::string_view text, Events& events) {
  if (pending_) [[unlikely]] {
    reset();
    return DecodeStatus::error("a text message came where an attachment was due");
  }
  const PacketLimits limits{.max_attachments = max_attachments_};
  if (text.starts_with(to_char(PacketType::kBinaryEvent)) ||
      text.starts_with(to_char(PacketType::kBinaryAck)))
    return begin_binary(text, limits);
  PacketView packet;
  if (const auto status = decode_packet(text, limits, packet); !status) return status;
  events.on_packet(packet, {});
  return {};
}

DecodeStatus Decoder::begin_binary(std::string_view text, const PacketLimits& limits) {
  if (text.size() > max_bytes_) return DecodeStatus::error("a binary packet is too large");
  auto pending = std::make_unique<Pending>();
  pending->text = text;
  pending->bytes = text.size();
  if (const auto status = decode_packet(pending->text, limits, pending->packet); !status) return status;
  pending->attachments.reserve(pending->packet.attachments);
  pending_ = std::move(pending);
  return {};
}

DecodeStatus Decoder::on_binary(std::string_view bytes, Events& events) {
  if (!pending_) return DecodeStatus::error("a binary message came without a packet that announces it");
  pending_->bytes += bytes.size();
  if (pending_->bytes > max_bytes_) {
    reset();
    return DecodeStatus::error("a binary packet is too large");
  }
  pending_->attachments.push_back(std::make_shared<const std::string>(bytes));
  if (pending_->attachments.size() < pending_->packet.attachments) return {};
  // Out of the member first: the owner may close, or reset, in the call.
  const std::unique_ptr<Pending> whole = std::move(pending_);
  events.on_packet(whole->packet, whole->attachments);
  return {};
}

}  // namespace patchbay::socketio
