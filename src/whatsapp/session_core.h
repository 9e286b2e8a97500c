// Internal to the module. One session of the native client as a state machine: connecting, the handshake,
// registration with codes or login, the pairing with its restart, what follows a login, signs of life, the
// end. No I/O and no clock: what happened goes in together with the instant, what to do comes out as events,
// in order. A session lasts over several connections: the restart that WhatsApp demands after a pairing
// happens in here. Its course: docs/protocol/whatsapp.md. Shard-local.
//
// Messages, and notifications that bring tokens nobody could ask for again, cannot be read yet: they are
// handed out to be kept, and acknowledged (messages by a receipt) when that is durable. What is not kept
// stays in the server's queue and comes again at the next login. Everything else is acknowledged once its
// effect is on its way.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "binary/node.h"
#include "whatsapp/client_profile.h"
#include "whatsapp/credentials.h"
#include "whatsapp/engine.h"
#include "whatsapp/node_channel.h"
#include "whatsapp/pair_code.h"
#include "whatsapp/pair_passkey.h"
#include "whatsapp/prekeys.h"
#include "whatsapp/query_table.h"
#include "whatsapp/randomness.h"

namespace patchbay::whatsapp {

// Both clocks: deadlines use the first, certificates the second.
struct Instant {
  SteadyTime steady;
  WallTime wall;
};

namespace session_event {
struct OpenTransport {};  // a new one; heard() and the like speak of it from now on
struct Send {
  Bytes bytes;
};
struct CloseTransport {};  // politely, after what was sent
struct Store {             // answer with stored(ticket)
  Bytes credentials;
  uint64_t ticket;
};
struct Keep {  // answer with kept(ticket)
  HeldStanza stanza;
  uint64_t ticket;
};
struct Compute {  // on another thread; answer with computed(ticket)
  std::move_only_function<Bytes()> work;
  uint64_t ticket;
};
struct Paired {
  Identity identity;
};
struct Connected {
  Identity identity;
};
struct Alive {};
struct Answer {  // of an operator's step of linking
  LinkDone done;
  Status status;
};
// The server has delivered what it had in its queue: so many messages and tokens. Some may still be on their
// way to the store.
struct CaughtUp {
  uint64_t unread;
};
// A stanza was left out, and not acknowledged; `why` has nothing of it.
struct Unreadable {
  std::string why;
};
}  // namespace session_event

using SessionEvent =
    std::variant<session_event::OpenTransport, session_event::Send, session_event::CloseTransport,
                 session_event::Store, session_event::Keep, session_event::Compute, QrCode, PairCode,
                 PasskeyRequest, PasskeyCode, session_event::Paired, session_event::Connected,
                 session_event::Alive, session_event::Answer, session_event::CaughtUp,
                 session_event::Unreadable, SessionEnd>;

class SessionCore final : private NodeChannel::Events {
 public:
  struct Options {
    SessionSettings settings;
    const ProfileSource* profile;  // outlives the core
    crypto::Key32 root;            // of the server's certificates
    Randomness random;
  };
  // Steps that the server or the network is waited for.
  static constexpr Milliseconds kOpenTimeout{25'000};  // the transport has a deadline of its own, 20 s
  static constexpr Milliseconds kStepTimeout{20'000};  // the handshake's answer; the login's
  static constexpr Milliseconds kPairingTimeout{60'000};
  static constexpr Milliseconds kLogoutTimeout{8'000};
  static constexpr Milliseconds kSilenceTimeout{20'000};  // after a ping without any byte from the server
  // As long as the proof is good that spares the phone a question.
  static constexpr Milliseconds kPasskeyValidity{300'000};
  static constexpr Milliseconds kConfirmValidity{300'000};  // from the code to compare on
  static constexpr Milliseconds kUploadRetry{300'000};
  // How often the age of the signed prekey is looked at while connected.
  static constexpr Milliseconds kRotationCheck{24 * 3'600'000};
  static constexpr size_t kMaxQrCodes = 20;
  // Of one connection: sets of QR codes, and requests for a passkey. Each is news to people and a write to
  // disk, and takes its time anew.
  static constexpr int kMaxCodeSets = 5;
  static constexpr int kMaxPasskeyRequests = 5;
  // Without a login of a minute in between.
  static constexpr int kMaxRestarts = 3;
  static constexpr Milliseconds kRestartsForgiven{60'000};
  // That wait for an answer, the server's fault or ours.
  static constexpr size_t kMaxQueries = 64;
  // On their way to the store; what comes meanwhile stays in the server's queue.
  static constexpr size_t kMaxKeeping = 1'024;
  static constexpr size_t kMaxKeepingBytes = 8 * 1024 * 1024;
  // Stanzas of one connection that cannot be read and are left out.
  static constexpr int kMaxUnreadable = 100;

  explicit SessionCore(Options options);
  ~SessionCore() override;

  // --- What happened ---
  // Empty: not linked. Once, first.
  void start(std::string_view credentials, Instant now);
  void transport_opened(Instant now);
  void transport_refused(const Error& error, Instant now);
  void transport_closed(std::string_view detail, Instant now);
  void received(std::string_view bytes, Instant now);
  // Bytes of any kind came at this time: a part of a message, a ping.
  void heard(SteadyTime when);
  // deadline() has passed.
  void time_passed(Instant now);
  void stored(uint64_t ticket, bool ok, Instant now);
  void kept(uint64_t ticket, bool ok, Instant now);
  void computed(uint64_t ticket, Bytes result, Instant now);

  // --- What the owner wants ---
  void close(Instant now);
  void log_out(Instant now);
  void request_pair_code(std::string_view phone, LinkDone done, Instant now);
  void answer_passkey(std::string_view assertion_json, LinkDone done, Instant now);

  // --- What to do ---
  // In order; empty when nothing is left.
  std::vector<SessionEvent> take_events() { return std::exchange(events_, {}); }
  // When time_passed() is due.
  std::optional<SteadyTime> deadline() const;
  bool is_over() const { return phase_ == Phase::kOver; }

 private:
  enum class Phase {
    kNew,
    kConnecting,
    kHandshake,
    kLogin,    // registered or logging in: the server's word is awaited
    kCodes,    // codes are shown
    kPairing,  // the phone accepted one
    kLive,
    kLoggingOut,
    kOver,
  };
  enum Timer : uint8_t {
    kOpening,  // all of it, up to the first code or the login
    kStep,
    kNextCode,
    kLastCode,  // the end of everything that can be scanned or typed
    kPasskey,   // to be given; then to be confirmed on the phone
    kPing,
    kSilence,
    kUpload,
    kRotation,
    kForgive,
    kTimers,
  };
  using Then = std::move_only_function<void()>;
  using Work = std::move_only_function<Bytes()>;
  using Computed = std::move_only_function<void(Bytes)>;

  // NodeChannel::Events
  void on_handshake_done(Bytes bytes) override;
  bool on_node(const binary::Node& node) override;
  bool on_unreadable(const Error& error) override;

  // session_core.cc: connections and their ends
  void open_transport();
  void drop_transport();
  void lose_stream(std::string_view detail);
  void restart();
  void end(SessionEnd how);
  void fail_login(const binary::Node& failure);
  void fail_stream(const binary::Node& error);
  void fire(Timer timer);
  void arm(Timer timer, Milliseconds from_now) { timers_[timer] = now_.steady + from_now; }
  void disarm(Timer timer) { timers_[timer].reset(); }
  void settle_link(Status status);

  // session_stanzas.cc: what both sides owe each other
  void send(const binary::Node& node);
  void send(std::optional<binary::Node> node);
  void ask(binary::Node query, Answered done);
  void save(Then then = {});
  void save_now();
  void compute(Work work, Computed then);
  void on_query(const binary::Node& query);
  void on_notification(const binary::Node& notification);
  void on_information(const binary::Node& ib);
  void keep(const binary::Node& stanza);

  // session_pairing.cc
  void pair_device(const binary::Node& query);
  void show_next_code();
  void pair_success(const binary::Node& query);
  void primary_hello(const binary::Node& notification);
  void codes_ran_out();
  void passkey_requested(const binary::Node& notification);
  void passkey_continued(const binary::Node& notification);
  void send_passkey_prologue(const Assertion& assertion);
  void passkey_late();

  // session_live.cc
  void logged_in(const binary::Node& success);
  void ask_count();
  void go_active();
  void rotate_when_due(Then then);
  void send_rotation(Then then);
  void check_digest();
  void check_hash(KeyDigest digest);
  void upload_anew(const KeyDigest& digest);
  void announce_presence();
  void top_up(uint32_t wanted, Then then);
  void upload(Then then);
  void ping();
  void send_logout();
  void notice_traffic();

  Identity identity() const;

  const Options options_;
  Credentials credentials_;
  ClientProfile profile_;  // as of this connection
  Phase phase_ = Phase::kNew;
  Instant now_{};
  std::vector<SessionEvent> events_;
  std::array<std::optional<SteadyTime>, kTimers> timers_{};

  // Of this connection
  std::unique_ptr<NodeChannel> channel_;
  bool has_transport_ = false;
  uint64_t connection_ = 0;  // counts up
  uint64_t feeding_ = 0;     // whose channel is on the stack, 0: none
  QueryTable queries_;
  SteadyTime last_heard_{};
  SteadyTime last_alive_{};
  SteadyTime pinged_{};
  bool use_ik_ = true;
  bool uploading_ = false;
  bool uploaded_ = false;  // in this connection: worth a look at the server's copy
  bool mended_ = false;    // the server's copy was replaced once
  bool caught_up_ = false;
  bool available_ = false;  // announced: what is received counts as delivered
  uint64_t unread_ = 0;
  int unreadable_ = 0;

  // Of the pairing
  struct Linking {
    std::vector<std::string> refs;  // the next one last
    int attempt = 0;
    int attempts = 0;
    int code_sets = 0;
    int passkey_requests = 0;
    bool asking_code = false;
    std::optional<CodePairing> code;  // with its reference: the code is shown
    std::optional<PasskeyPairing> passkey;
    bool assertion_wanted = false;
    bool compares = false;  // the code to compare is shown
    LinkDone done;          // of the step that is under way
  };
  std::unique_ptr<Linking> linking_;  // while not linked

  // Of the session
  int restarts_ = 0;
  bool told_connected_ = false;
  bool logout_wanted_ = false;
  bool unsaved_ = false;
  uint64_t saving_ = 0;  // the ticket of the write that is under way, 0: none
  std::vector<Then> after_save_;
  std::vector<Then> after_this_save_;
  uint64_t last_ticket_ = 0;
  struct Pending {
    uint64_t ticket;
    Computed then;
  };
  std::vector<Pending> computations_;
  struct Keeping {
    uint64_t ticket;
    uint64_t connection;
    size_t bytes;
    binary::Node answer;
  };
  std::vector<Keeping> keeping_;
  size_t keeping_bytes_ = 0;
};

}  // namespace patchbay::whatsapp
