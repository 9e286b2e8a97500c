// The door to WhatsApp. An Engine opens Sessions; a Session is one attempt to hold one connection of one
// instance, from opening to its single end; what happens in between is told to its SessionObserver. What is
// behind the door (a simulation, the native protocol, a bridge) is nobody's business above it.
// Deliberately not here: when to connect again, what an operator wants, what is stored. The restart that
// WhatsApp demands after a pairing (stream error 515) happens inside the session and is never seen as an end.
// Threads: Engine is thread-safe; a Session and its observer live on the one Executor given to open().
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/executor.h"
#include "base/result.h"

namespace patchbay::whatsapp {

// Why a session ended. Names on the wire: to_string().
enum class CloseReason {
  kLocalRequest,       // close() was called
  kLoggedOut,          // log_out() was called and the device is unlinked (or could not be told in time)
  kNetworkLost,        // the connection broke, or WhatsApp ended the stream without blame
  kUnreachable,        // no connection could be made
  kTimedOut,           // the peer stopped answering
  kServerBusy,         // WhatsApp asked to come back later (503)
  kPasskeyExpired,     // the passkey was asked for and not given, or the link not confirmed, in time
  kQrExhausted,        // every code of this session ran out unused
  kUnlinkedByPhone,    // the account's owner removed this device (401)
  kReplaced,           // the same credentials connected elsewhere (conflict "replaced")
  kBanned,             // the account is banned (406) or locked (403)
  kTemporarilyBanned,  // banned for a while (402); retry_after says how long
  kClientOutdated,     // WhatsApp refuses this client version (405)
  kRefused,            // login, or the link that was being made, refused for another reason
  kInternal,           // a defect of the engine or credentials it cannot read
};
// E.g. "NETWORK_LOST". Static storage.
std::string_view to_string(CloseReason reason);

struct SessionEnd {
  CloseReason reason = CloseReason::kInternal;
  // For people, one sentence, no secrets.
  std::string text = {};
  // The credentials are worthless from now on; whoever stores them deletes them.
  bool credentials_gone = false;
  // Whether another session has a chance without anybody doing something first.
  bool retry_makes_sense = false;
  // Not earlier than this from now, when WhatsApp said so.
  std::optional<Milliseconds> retry_after = std::nullopt;
};

struct QrCode {
  std::string text;        // what the QR image holds; a secret while it is valid
  Milliseconds valid_for;  // from now
  int attempt = 1;         // 1 .. max_attempts within this session
  int max_attempts = 1;
};

// A code that is typed into the phone instead of scanning. A secret while it is valid.
struct PairCode {
  std::string code;  // "XXXX-XXXX"
  Milliseconds valid_for;
};

// WhatsApp demands a passkey of the account before it links the device: a browser on web.whatsapp.com has to
// answer.
struct PasskeyRequest {
  std::string options_json;  // WebAuthn PublicKeyCredentialRequestOptions
  Milliseconds valid_for;
};

// Shown after the passkey was accepted: a person compares it with the phone's, and confirms there.
struct PasskeyCode {
  std::string code;  // "XXXX-XXXX"
  Milliseconds valid_for;
};

// The linked account. `phone` is digits only, without '+'.
struct Identity {
  std::string jid;  // "15551234567:12@s.whatsapp.net"
  std::string phone;
  std::string display_name;
};

struct IncomingMessage {
  std::string id;
  std::string chat_jid;
  std::string sender_jid;
  std::string text = {};
  WallTime timestamp;
};

// A stanza that this version of the server cannot read yet: an encrypted message, a token of a contact. `key`
// names it among those of its instance (64 characters, nothing of its content); `bytes` is the stanza as
// binary::encode() writes it.
struct HeldStanza {
  std::string key;
  std::string bytes;
  bool is_message = true;
};

// Called on the session's executor, never from within a call of the session's owner into the session.
// After on_closed nothing more comes; after the session is destroyed nothing comes at all.
class SessionObserver {
 public:
  virtual ~SessionObserver() = default;
  // A code to scan; each call replaces the code before.
  virtual void on_qr(const QrCode& code) = 0;
  // The code that request_pair_code() asked for; replaces the QR code on show. It is valid as long as the QR
  // codes would have come, and the last of this session: on_closed(kQrExhausted) follows when it runs out.
  virtual void on_pair_code(const PairCode& code) = 0;
  // The phone accepted the QR or pair code, but the account asks for its passkey: answer_passkey() has to
  // follow.
  virtual void on_passkey_request(const PasskeyRequest& request) = 0;
  // The passkey was accepted: the same code is on the phone.
  virtual void on_passkey_code(const PasskeyCode& code) = 0;
  // The phone accepted the code. The session goes on by itself until on_connected or on_closed.
  virtual void on_pair_success(const Identity& identity) = 0;
  // New credentials, opaque. The session sends nothing that depends on them before `stored` is called: with
  // true once they are durable, with false when they cannot be kept (the session then ends). The callback
  // belongs to the executor; calling it after the session is gone does nothing.
  virtual void on_credentials(std::string credentials, std::move_only_function<void(bool)> stored) = 0;
  virtual void on_connected(const Identity& identity) = 0;
  // The peer has answered just now; comes at least once per keep-alive interval while connected.
  virtual void on_alive() = 0;
  virtual void on_message(const IncomingMessage& message) = 0;
  // To be kept until it can be read; the same key may come again, and is kept once. WhatsApp delivers it at
  // every login until the session acknowledges it, which it does when `stored` is called with true, once it
  // is durable; with false it stays in WhatsApp's queue. The callback belongs to the executor; calling it
  // after the session is gone does nothing.
  virtual void on_stanza(HeldStanza stanza, std::move_only_function<void(bool)> stored) = 0;
  // The end. The observer may destroy the session from within this call.
  virtual void on_closed(const SessionEnd& end) = 0;
};

struct SentMessage {
  std::string id;
  WallTime timestamp;
};
// Of a step of linking.
using LinkDone = std::move_only_function<void(Status)>;
using SendDone = std::move_only_function<void(Result<SentMessage>)>;

// One connection of one instance. Shard-local; destroying it closes at once and silently, keeping
// credentials.
class Session {
 public:
  virtual ~Session() = default;
  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Ends the session in an orderly way, credentials stay good: on_closed(kLocalRequest) follows. The caller
  // bounds the wait, and destroys the session when it takes too long.
  virtual void close() = 0;
  // Unlinks this device at WhatsApp: on_closed(kLoggedOut, credentials_gone) follows. The caller bounds the
  // wait here too.
  virtual void log_out() = 0;
  // While QR codes are shown: asks for a code to type into the phone with this number (digits, with country
  // code). `done` is called once unless the session is destroyed first; on_pair_code() comes before its
  // success. kInvalidOperation when the session shows no codes, kValidation for a number that cannot be one
  // or that no account has.
  virtual void request_pair_code(std::string_view phone, LinkDone done) = 0;
  // After on_passkey_request(): the browser's PublicKeyCredential as JSON, at most 65,536 bytes.
  // kInvalidOperation when none is awaited, kValidation when it is no such JSON.
  virtual void answer_passkey(std::string_view assertion_json, LinkDone done) = 0;
  // `to` is a JID, `text` at most 65,536 bytes of UTF-8. `done` is called exactly once unless the session is
  // destroyed first.
  virtual void send_text(std::string_view to, std::string_view text, SendDone done) = 0;
};

// What an instance's settings decide about its sessions.
struct SessionSettings {
  Milliseconds connect_timeout{60'000};
  Milliseconds query_timeout{60'000};
  Milliseconds keep_alive_interval{30'000};
  bool mark_online_on_connect = true;
  bool sync_full_history = false;
  // "http://[user:password@]host:port" (CONNECT) or "socks5://…"; empty: directly. A secret when it has a
  // password.
  std::string proxy_url = {};
};

struct SessionOptions {
  std::string instance_id;
  // What on_credentials delivered earlier; empty means "not linked": the session shows QR codes.
  std::string credentials = {};
  SessionSettings settings = {};
};

// Thread-safe.
class Engine {
 public:
  virtual ~Engine() = default;
  // For logs and /api/version: "scripted", "native".
  virtual std::string_view name() const = 0;
  // True when nothing of it reaches WhatsApp; every surface that a user sees says so.
  virtual bool is_simulation() const = 0;
  // Whether these credentials, which on_credentials() delivered at some time, can still be used: asked before
  // anybody opens a session with them. kDatabase says what is wrong, without a secret. Takes about a
  // millisecond. An engine without credentials of its own has no objection.
  virtual Status check_credentials(std::string_view) const { return {}; }
  // Starts a session and returns at once; everything else is told to `observer`, which outlives the session.
  // On the executor's thread. At most one session per instance at a time, by the caller's care.
  virtual std::unique_ptr<Session> open(SessionOptions options, SessionObserver& observer,
                                        Executor& executor) = 0;
};

}  // namespace patchbay::whatsapp
