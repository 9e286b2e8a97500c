// Part of SessionCore: what follows a login, prekeys, signs of life, logging out.
#include <algorithm>
#include <utility>

#include "binary/jid.h"
#include "whatsapp/endings.h"
#include "whatsapp/session_core.h"
#include "whatsapp/stanza.h"

namespace patchbay::whatsapp {
namespace {

constexpr size_t kMaxPushNameBytes = 512;

}  // namespace

using binary::Node;
namespace event = session_event;

void SessionCore::logged_in(const Node& success) {
  if (phase_ != Phase::kLogin || linking_) return;
  phase_ = Phase::kLive;
  for (const Timer timer : {kOpening, kStep}) disarm(timer);
  arm(kForgive, kRestartsForgiven);
  const std::string lid(success.attribute("lid"));
  if (lid != credentials_.lid && is_device_jid(lid, binary::kLidServer)) {
    credentials_.lid = lid;
    unsaved_ = true;
  }
  const std::string name(success.attribute("display_name").substr(0, kMaxPushNameBytes));
  if (!name.empty() && name != credentials_.push_name && is_valid_utf8(name)) {
    credentials_.push_name = name;
    unsaved_ = true;
  }
  if (unsaved_ && saving_ == 0) save_now();
  if (logout_wanted_) return send_logout();
  if (!std::exchange(told_connected_, true)) events_.push_back(event::Connected{identity()});
  last_alive_ = now_.steady;
  arm(kPing, options_.settings.keep_alive_interval);
  ask_count();
}

// --- In this order, each step whatever became of the one before ---

void SessionCore::ask_count() {
  ask(count_query(), [this](const Node* answer) {
    const auto count = is_result(answer) ? read_count(*answer) : fail(ErrorCode::kServiceUnavailable, "");
    const bool first = credentials_.first_unuploaded_id == 1;
    if (!first && (!count || *count >= profile_.low_prekeys)) return go_active();
    top_up(first ? profile_.first_prekeys : profile_.more_prekeys, [this] { go_active(); });
  });
}

void SessionCore::go_active() {
  if (phase_ != Phase::kLive) return;
  ask(query("set", "passive", {element("active")}),
      [this](const Node*) { rotate_when_due([this] { check_digest(); }); });
}

void SessionCore::rotate_when_due(Then then) {
  if (phase_ != Phase::kLive) return;
  arm(kRotation, kRotationCheck);
  const int64_t now = to_unix_ms(now_.wall) / 1'000;
  const int64_t longest = int64_t{profile_.signed_prekey_days} * 86'400;
  if (credentials_.signed_prekey_made_at == 0) {
    // Its age is not known: it counts from now.
    credentials_.signed_prekey_made_at = now;
    save();
  } else if (credentials_.signed_prekey_confirmed && now - credentials_.signed_prekey_made_at >= longest) {
    rotate_signed_prekey(credentials_, now_.wall);
    // What others encrypt to must not be something that a crash could make us forget.
    return save([this, then = std::move(then)]() mutable { send_rotation(std::move(then)); });
  }
  if (!credentials_.signed_prekey_confirmed) return send_rotation(std::move(then));
  if (then) then();
}

// Again at the next login, or the next look, until it is answered: the same key under the same id.
void SessionCore::send_rotation(Then then) {
  ask(rotation_query(credentials_.signed_prekey),
      [this, id = credentials_.signed_prekey.id, then = std::move(then)](const Node* answer) mutable {
        if (is_result(answer) && credentials_.signed_prekey.id == id) {
          credentials_.signed_prekey_confirmed = true;
          save();
        }
        if (then) then();
      });
}

// Ids and keys at hand are compared at every login: that finds a store restored from an old copy. The hash
// costs a multiplication for each prekey, so it is looked at after an upload alone.
void SessionCore::check_digest() {
  if (phase_ != Phase::kLive) return;
  announce_presence();
  ask(digest_query(), [this](const Node* answer) {
    if (phase_ != Phase::kLive || !is_result(answer)) return;
    auto digest = read_digest(*answer);
    if (!digest) return;
    if (!matches(*digest, credentials_)) return upload_anew(*digest);
    if (std::exchange(uploaded_, false)) check_hash(std::move(*digest));
  });
}

void SessionCore::check_hash(KeyDigest digest) {
  auto work = [prekeys = listed_prekeys(digest, credentials_)] { return public_keys(prekeys); };
  compute(std::move(work), [this, digest = std::move(digest)](const Bytes& keys) {
    if (phase_ == Phase::kLive && !hash_matches(digest, credentials_, keys)) upload_anew(digest);
  });
}

void SessionCore::upload_anew(const KeyDigest& digest) {
  if (uploading_ || std::exchange(mended_, true)) return;
  start_anew(credentials_, digest);
  top_up(profile_.first_prekeys, {});
}

void SessionCore::announce_presence() {
  // Without a name WhatsApp has no use for it; then the device counts as not there, which is what it is.
  std::string name = credentials_.push_name;
  std::erase(name, '@');
  if (name.empty()) return;
  available_ = options_.settings.mark_online_on_connect;
  send(element("presence", {{"type", available_ ? "available" : "unavailable"}, {"name", name}}));
}

// --- Prekeys ---

void SessionCore::top_up(uint32_t wanted, Then then) {
  if (uploading_ || phase_ != Phase::kLive) {
    if (then) then();
    return;
  }
  uploading_ = true;
  disarm(kUpload);
  const size_t added = add_prekeys(credentials_, wanted, options_.random);
  auto go_on = [this, then = std::move(then)]() mutable { upload(std::move(then)); };
  // A key that the server hands out must not be one that a crash could make us forget.
  if (added > 0) return save(std::move(go_on));
  go_on();
}

void SessionCore::upload(Then then) {
  const auto waiting = unuploaded(credentials_);
  if (waiting.empty()) {  // every id was used up
    uploading_ = false;
    if (then) then();
    return;
  }
  std::vector<Prekey> prekeys(waiting.begin(), waiting.end());
  auto work = [prekeys] { return public_keys(prekeys); };
  compute(std::move(work),
          [this, prekeys = std::move(prekeys), then = std::move(then)](const Bytes& keys) mutable {
            const uint32_t last = prekeys.back().id;
            ask(upload_query(credentials_, prekeys, keys),
                [this, last, then = std::move(then)](const Node* answer) mutable {
                  uploading_ = false;
                  if (is_result(answer)) {
                    confirm_upload(credentials_, last);
                    uploaded_ = true;
                    save();
                  } else {
                    arm(kUpload, kUploadRetry);
                  }
                  if (then) then();
                });
          });
}

// --- Signs of life ---

void SessionCore::ping() {
  // While codes are shown the server wants to hear from us too; what ends there is the codes' time.
  const bool live = phase_ == Phase::kLive;
  if (!live && phase_ != Phase::kCodes) return;
  ask(query("get", "w:p", {element("ping")}), [](const Node*) {});
  if (live && (!timers_[kSilence] || last_heard_ >= pinged_)) {
    pinged_ = now_.steady;
    arm(kSilence, kSilenceTimeout);
  }
  // Spread, so that sessions which began together do not ping together for ever.
  uint8_t jitter[1];
  options_.random(jitter);
  arm(kPing, options_.settings.keep_alive_interval * (230 + jitter[0] % 26) / 256);
}

// Any byte of the server is one; they are told at most twice in an interval.
void SessionCore::notice_traffic() {
  if (phase_ != Phase::kLive || last_heard_ - last_alive_ < options_.settings.keep_alive_interval / 2) return;
  last_alive_ = last_heard_;
  events_.push_back(event::Alive{});
}

// --- Logging out ---

void SessionCore::send_logout() {
  phase_ = Phase::kLoggingOut;
  disarm(kPing);
  disarm(kSilence);
  arm(kStep, kLogoutTimeout);
  ask(query("set", "md",
            {element("remove-companion-device", {{"jid", credentials_.jid}, {"reason", "user_initiated"}})}),
      [this](const Node* answer) {
        if (is_result(answer))
          return end({.reason = CloseReason::kLoggedOut,
                      .text = "The device was unlinked from the account.",
                      .credentials_gone = true});
        if (answer != nullptr)
          end({.reason = CloseReason::kLoggedOut,
               .text = "WhatsApp refused to unlink the device (" + error_text(*answer) +
                       "); remove it on the phone, under Linked devices."});
      });
}

}  // namespace patchbay::whatsapp
