// Part of SessionCore: sending, asking, keeping, and what both sides owe each other.
#include <utility>

#include "binary/encoder.h"
#include "binary/jid.h"
#include "crypto/digest.h"
#include "whatsapp/endings.h"
#include "whatsapp/session_core.h"
#include "whatsapp/stanza.h"

namespace patchbay::whatsapp {

using binary::Node;
namespace event = session_event;

void SessionCore::send(const Node& node) {
  if (has_transport_ && channel_ && channel_->is_open())
    events_.push_back(event::Send{channel_->encode(node)});
}

void SessionCore::send(std::optional<Node> node) {
  if (node) send(*node);
}

void SessionCore::ask(Node query, Answered done) {
  if (queries_.size() >= kMaxQueries) return done(nullptr);
  query.set("id", queries_.add(now_.steady + options_.settings.query_timeout, std::move(done)));
  send(query);
}

// --- Credentials ---

// `then` runs once they are durable, if this connection still stands.
void SessionCore::save(Then then) {
  if (then)
    after_save_.push_back([this, connection = connection_, then = std::move(then)]() mutable {
      if (connection == connection_ && has_transport_) then();
    });
  unsaved_ = true;
  if (saving_ == 0) save_now();
}

void SessionCore::save_now() {
  unsaved_ = false;
  saving_ = ++last_ticket_;
  after_this_save_ = std::exchange(after_save_, {});
  events_.push_back(event::Store{serialize(credentials_), saving_});
}

void SessionCore::stored(uint64_t ticket, bool ok, Instant now) {
  now_ = now;
  if (phase_ == Phase::kOver || ticket != saving_) return;
  saving_ = 0;
  if (!ok && phase_ == Phase::kPairing)
    return end({.reason = CloseReason::kInternal,
                .text = "The new credentials could not be stored; nothing was linked.",
                .credentials_gone = true});
  if (!ok)
    return end({.reason = CloseReason::kInternal,
                .text = "The credentials could not be stored.",
                .retry_makes_sense = true});
  for (Then& then : std::exchange(after_this_save_, {})) {
    then();
    if (phase_ == Phase::kOver) return;
  }
  if (unsaved_ && saving_ == 0) save_now();
}

// --- Slow work ---

// `then` runs with the result, if this connection still stands.
void SessionCore::compute(Work work, Computed then) {
  const uint64_t ticket = ++last_ticket_;
  computations_.push_back({ticket, std::move(then)});
  events_.push_back(event::Compute{std::move(work), ticket});
}

void SessionCore::computed(uint64_t ticket, Bytes result, Instant now) {
  now_ = now;
  const auto at = std::ranges::find(computations_, ticket, &Pending::ticket);
  if (at == computations_.end()) return;
  Computed then = std::move(at->then);
  computations_.erase(at);
  then(std::move(result));
}

// --- Stanzas ---

void SessionCore::on_query(const Node& query) {
  const std::string_view type = query.attribute("type");
  if (type == "result" || type == "error") {
    if (auto done = queries_.take(query.attribute("id"))) (*done)(&query);
    return;
  }
  if (!is_from_server(query)) return;
  if (query.child("pair-device") != nullptr) return pair_device(query);
  if (query.child("pair-success") != nullptr) return pair_success(query);
  if (query.attribute("xmlns") == "urn:xmpp:ping") send(result_for(query));
}

namespace {

OwnUsers own_users(const Credentials& credentials) {
  const auto jid = binary::parse_jid(credentials.jid), lid = binary::parse_jid(credentials.lid);
  return {.phone = jid ? jid->user : std::string(), .lid = lid ? lid->user : std::string()};
}

}  // namespace

void SessionCore::keep(const Node& stanza) {
  const bool is_message = stanza.tag == "message";
  auto answer = is_message ? receipt_for(stanza, own_users(credentials_), available_) : ack_for(stanza);
  // What cannot be answered would come for ever.
  if (!answer || phase_ != Phase::kLive) return;
  ++unread_;
  if (keeping_.size() >= kMaxKeeping || keeping_bytes_ >= kMaxKeepingBytes) return;
  Bytes name;
  for (const std::string_view part : {std::string_view(stanza.tag), stanza.attribute("from"),
                                      stanza.attribute("participant"), stanza.attribute("id")})
    name.append(part).push_back('\0');
  Bytes bytes = binary::encode(stanza);
  const uint64_t ticket = ++last_ticket_;
  keeping_bytes_ += bytes.size();
  keeping_.push_back({ticket, connection_, bytes.size(), std::move(*answer)});
  events_.push_back(event::Keep{
      {.key = crypto::sha256_hex(name), .bytes = std::move(bytes), .is_message = is_message}, ticket});
}

void SessionCore::kept(uint64_t ticket, bool ok, Instant now) {
  now_ = now;
  const auto at = std::ranges::find(keeping_, ticket, &Keeping::ticket);
  if (at == keeping_.end()) return;
  const Keeping it = std::move(*at);
  keeping_.erase(at);
  keeping_bytes_ -= it.bytes;
  if (ok && it.connection == connection_) send(it.answer);
}

void SessionCore::on_notification(const Node& notification) {
  const std::string_view type = notification.attribute("type");
  // It brings what a contact gives once.
  if (type == "privacy_token") return keep(notification);
  if (is_from_server(notification)) {
    if (type == "link_code_companion_reg") primary_hello(notification);
    if (type == "passkey_prologue_request") passkey_requested(notification);
    if (type == "crsc_continuation") passkey_continued(notification);
    // Should the acknowledgement be all that gets through: the count is asked for at every login.
    if (type == "encrypt" && notification.child("count") != nullptr && phase_ == Phase::kLive)
      top_up(profile_.more_prekeys, {});
  }
  send(ack_for(notification));
}

void SessionCore::on_information(const Node& ib) {
  for (const Node& child : ib.children()) {
    if (child.tag == "downgrade_webclient") return end(end_of_old_phone());
    if (child.tag == "edge_routing") {
      const std::string_view routing = child.child_bytes("routing_info");
      if (routing.size() > kMaxRoutingInfoBytes || routing == credentials_.routing_info) continue;
      credentials_.routing_info = routing;
      if (credentials_.is_linked() && phase_ == Phase::kLive) save();
    } else if (child.tag == "dirty") {
      // Nothing that goes stale is kept yet, so there is nothing to fetch anew.
      const std::string_view type = child.attribute("type"), at = child.attribute("timestamp");
      if (type.empty() || type.size() > kMaxEchoBytes || at.size() > kMaxEchoBytes) continue;
      ask(query("set", "urn:xmpp:whatsapp:dirty",
                {element("clean", {{"type", std::string(type)}, {"timestamp", std::string(at)}})}),
          [](const Node*) {});
    } else if (child.tag == "offline" && phase_ == Phase::kLive && !std::exchange(caught_up_, true)) {
      events_.push_back(event::CaughtUp{unread_});
    }
  }
}

}  // namespace patchbay::whatsapp
