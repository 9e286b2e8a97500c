#include "whatsapp/session_core.h"

#include <algorithm>
#include <utility>

#include "binary/jid.h"
#include "whatsapp/client_payload.h"
#include "whatsapp/endings.h"
#include "whatsapp/stanza.h"

namespace patchbay::whatsapp {

using binary::Node;
namespace event = session_event;

SessionCore::SessionCore(Options options) : options_(std::move(options)) {}
SessionCore::~SessionCore() = default;

// --- What happened ---

void SessionCore::start(std::string_view record, Instant now) {
  now_ = now;
  if (phase_ != Phase::kNew) return;
  if (record.empty()) {
    credentials_ = make_credentials();
    credentials_.signed_prekey_made_at = to_unix_ms(now.wall) / 1'000;
    linking_ = std::make_unique<Linking>();
  } else if (auto credentials = parse_credentials(record); !credentials) {
    return end({.reason = CloseReason::kInternal,
                .text = credentials.error().message + " Log out and link the device again."});
  } else if (credentials_ = std::move(*credentials); !credentials_.is_linked()) {
    linking_ = std::make_unique<Linking>();
  }
  arm(kOpening, options_.settings.connect_timeout);
  open_transport();
}

void SessionCore::transport_opened(Instant now) {
  now_ = now;
  if (phase_ != Phase::kConnecting) return;
  phase_ = Phase::kHandshake;
  last_heard_ = last_alive_ = now_.steady;
  profile_ = options_.profile->get();
  const bool full_history = profile_.full_history || options_.settings.sync_full_history;
  noise::Initiator::Options handshake{
      .ephemeral = crypto::key_pair_from_private(*crypto::to_key(random_octets(options_.random, 32))),
      .static_pair = credentials_.noise,
      .client_payload = credentials_.is_linked() ? login_payload(credentials_, profile_)
                                                 : registration_payload(credentials_, profile_, full_history),
      .root = options_.root,
      .now = now_.wall};
  if (profile_.use_noise_ik && use_ik_) handshake.server_static = credentials_.server_static;
  channel_ = std::make_unique<NodeChannel>(std::move(handshake));
  queries_.reset(options_.random);
  events_.push_back(event::Send{channel_->start(credentials_.routing_info)});
  arm(kStep, kStepTimeout);
}

void SessionCore::transport_refused(const Error& error, Instant now) {
  now_ = now;
  has_transport_ = false;
  if (phase_ == Phase::kConnecting) end(end_of_connecting(error));
}

void SessionCore::transport_closed(std::string_view detail, Instant now) {
  now_ = now;
  if (std::exchange(has_transport_, false)) lose_stream(detail);
}

void SessionCore::lose_stream(std::string_view detail) {
  if (phase_ == Phase::kLoggingOut)
    return end({.reason = CloseReason::kLoggedOut,
                .text = "The connection ended before WhatsApp confirmed that the device is unlinked."});
  end(end_of_network(std::string(detail)));
}

void SessionCore::received(std::string_view bytes, Instant now) {
  now_ = now;
  if (!channel_ || phase_ == Phase::kOver) return;
  heard(now_.steady);
  feeding_ = connection_;
  const Status outcome = channel_->feed(bytes, *this);
  const bool goes_on = has_transport_ && feeding_ == connection_;
  feeding_ = 0;
  if (!goes_on) return channel_.reset();  // it ended in there
  if (outcome) return;
  const bool stale_key = phase_ == Phase::kHandshake && channel_->tried_ik();
  if (stale_key) {
    // The server has another key than the one we knew: the whole handshake asks for it.
    use_ik_ = false;
    return restart();
  }
  if (phase_ == Phase::kHandshake && outcome.error().code == ErrorCode::kAuthentication)
    return end({.reason = CloseReason::kUnreachable,
                .text = "The server could not prove that it is WhatsApp's (" +
                        printable(outcome.error().message, 200) +
                        "); check this machine's clock and what stands between it and WhatsApp, else update "
                        "the server.",
                .retry_makes_sense = true});
  end(end_of_nonsense(outcome.error().message));
}

void SessionCore::heard(SteadyTime when) {
  if (when <= last_heard_) return;
  last_heard_ = when;
  notice_traffic();
}

std::optional<SteadyTime> SessionCore::deadline() const {
  std::optional<SteadyTime> first = queries_.deadline();
  for (const auto& timer : timers_)
    if (timer && (!first || *timer < *first)) first = timer;
  return phase_ == Phase::kOver ? std::nullopt : first;
}

void SessionCore::time_passed(Instant now) {
  now_ = now;
  for (uint8_t timer = 0; timer < kTimers; ++timer) {
    if (phase_ == Phase::kOver) return;
    if (!timers_[timer] || *timers_[timer] > now_.steady) continue;
    timers_[timer].reset();
    fire(static_cast<Timer>(timer));
  }
  while (phase_ != Phase::kOver) {
    auto late = queries_.take_late(now_.steady);
    if (!late) return;
    (*late)(nullptr);
  }
}

void SessionCore::fire(Timer timer) {
  switch (timer) {
    case kOpening:
      return end(end_of_waiting("let this device in"));
    case kStep:
      switch (phase_) {
        case Phase::kConnecting:
          return end(end_of_waiting("accept the connection"));
        case Phase::kHandshake:
          return end(end_of_waiting("answer the handshake"));
        case Phase::kPairing:
          return end(end_of_waiting("finish the pairing"));
        case Phase::kLoggingOut:
          return end({.reason = CloseReason::kLoggedOut,
                      .text = "WhatsApp did not confirm in time that the device is unlinked."});
        default:
          return end(end_of_waiting("answer the login"));
      }
    case kNextCode:
      return show_next_code();
    case kLastCode:
      return codes_ran_out();
    case kPasskey:
      return passkey_late();
    case kPing:
      return ping();
    case kSilence:
      if (last_heard_ < pinged_) end(end_of_waiting("answer"));
      return;
    case kUpload:
      return top_up(profile_.more_prekeys, {});
    case kRotation:
      return rotate_when_due({});
    case kForgive:
      restarts_ = 0;
      return;
    case kTimers:
      return;
  }
}

// --- What the owner wants ---

void SessionCore::close(Instant now) {
  now_ = now;
  if (phase_ == Phase::kOver) return;
  end({.reason = CloseReason::kLocalRequest, .text = "The connection was closed as requested."});
}

void SessionCore::log_out(Instant now) {
  now_ = now;
  if (phase_ == Phase::kOver || phase_ == Phase::kLoggingOut) return;
  if (!credentials_.is_linked())
    return end(
        {.reason = CloseReason::kLoggedOut, .text = "Nothing was linked yet.", .credentials_gone = true});
  logout_wanted_ = true;  // as soon as the login is through
  if (phase_ == Phase::kLive) send_logout();
}

// --- Connections and their ends ---

void SessionCore::open_transport() {
  phase_ = Phase::kConnecting;
  has_transport_ = true;
  ++connection_;
  arm(kStep, kOpenTimeout);
  events_.push_back(event::OpenTransport{});
}

void SessionCore::drop_transport() {
  if (std::exchange(has_transport_, false)) events_.push_back(event::CloseTransport{});
  if (feeding_ == 0) channel_.reset();
  timers_ = {};
  computations_.clear();
  queries_.reset(options_.random);
  uploading_ = uploaded_ = mended_ = caught_up_ = available_ = false;
  unread_ = 0;
  unreadable_ = 0;
}

void SessionCore::restart() {
  const auto opening = timers_[kOpening];
  drop_transport();
  if (++restarts_ > kMaxRestarts)
    return end({.reason = CloseReason::kServerBusy,
                .text = "WhatsApp demanded one restart after the other.",
                .retry_makes_sense = true});
  settle_link(fail(ErrorCode::kServiceUnavailable, "WhatsApp restarted the connection; try again."));
  linking_ = credentials_.is_linked() ? nullptr : std::make_unique<Linking>();
  // What is under way keeps its deadline; a pairing or a live session starts a new one.
  timers_[kOpening] = opening.value_or(now_.steady + options_.settings.connect_timeout);
  open_transport();
}

void SessionCore::end(SessionEnd how) {
  if (phase_ == Phase::kOver) return;
  drop_transport();
  phase_ = Phase::kOver;
  settle_link(fail(ErrorCode::kServiceUnavailable, how.text));
  linking_.reset();
  after_save_.clear();
  after_this_save_.clear();
  credentials_ = {};
  events_.push_back(std::move(how));
}

void SessionCore::settle_link(Status status) {
  if (linking_ && linking_->done)
    events_.push_back(event::Answer{std::exchange(linking_->done, {}), std::move(status)});
}

void SessionCore::fail_login(const Node& failure) {
  SessionEnd how = end_of_login(failure);
  if (logout_wanted_ && how.credentials_gone) how.reason = CloseReason::kLoggedOut;
  end(std::move(how));
}

void SessionCore::fail_stream(const Node& error) {
  StreamEnd how = end_of_stream(error);
  if (phase_ == Phase::kLoggingOut) {
    const bool unlinked = how.end.credentials_gone;
    return end({.reason = CloseReason::kLoggedOut,
                .text = unlinked
                            ? "The device was unlinked from the account."
                            : "The connection ended before WhatsApp confirmed that the device is unlinked.",
                .credentials_gone = unlinked});
  }
  // Not a word is known of how a phone refuses; and a restart would show QR codes again as if nothing had
  // been.
  if (linking_ && linking_->passkey && (how.restart || how.end.retry_makes_sense))
    return end({.reason = CloseReason::kRefused,
                .text = "The phone refused the link, or WhatsApp broke it off in the passkey step (" +
                        printable(error.attribute("code"), 16) + ")."});
  how.restart ? restart() : end(std::move(how.end));
}

// --- What the server says ---

void SessionCore::on_handshake_done(Bytes bytes) {
  if (!bytes.empty()) events_.push_back(event::Send{std::move(bytes)});
  phase_ = Phase::kLogin;
  arm(kStep, kStepTimeout);
  if (profile_.use_noise_ik && credentials_.server_static != channel_->server_static()) {
    credentials_.server_static = channel_->server_static();
    unsaved_ = credentials_.is_linked();
  }
}

bool SessionCore::on_node(const Node& node) {
  const std::string_view tag = node.tag;
  if (tag == "iq") {
    on_query(node);
  } else if (tag == "message") {
    keep(node);
  } else if (tag == "receipt" || tag == "call") {
    send(ack_for(node));
  } else if (tag == "notification") {
    on_notification(node);
  } else if (tag == "ib") {
    on_information(node);
  } else if (tag == "success") {
    logged_in(node);
  } else if (tag == "failure") {
    fail_login(node);
  } else if (tag == "stream:error") {
    fail_stream(node);
  } else if (tag == "xmlstreamend") {
    lose_stream("WhatsApp ended the stream");
  }
  return has_transport_ && connection_ == feeding_;
}

// The server delivers it again at every login: ending for it would be a loop. Before the login each stanza is
// one that the course depends on.
bool SessionCore::on_unreadable(const Error& error) {
  if ((phase_ != Phase::kLive && phase_ != Phase::kLoggingOut) || ++unreadable_ > kMaxUnreadable)
    return false;
  events_.push_back(event::Unreadable{error.message});
  return true;
}

Identity SessionCore::identity() const {
  const auto jid = binary::parse_jid(credentials_.jid);
  return {
      .jid = credentials_.jid,
      .phone = jid ? jid->user : std::string(),
      .display_name = credentials_.push_name.empty() ? credentials_.business_name : credentials_.push_name};
}

}  // namespace patchbay::whatsapp
