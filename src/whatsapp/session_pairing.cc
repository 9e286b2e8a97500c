// Part of SessionCore: linking a new device by QR code, by a code typed into the phone, with a passkey.
#include <algorithm>
#include <utility>

#include "whatsapp/client_payload.h"
#include "whatsapp/endings.h"
#include "whatsapp/pair_success.h"
#include "whatsapp/session_core.h"
#include "whatsapp/stanza.h"

namespace patchbay::whatsapp {
namespace {

constexpr size_t kMaxQrRefBytes = 512;
// For the phone to confirm a code that was typed in, beside what is left of its time.
constexpr Milliseconds kFinishTimeout{60'000};

Status refused(std::string_view what, const binary::Node* answer) {
  if (answer == nullptr)
    return fail(ErrorCode::kRequestTimeout, "WhatsApp did not answer in time; try again.");
  const std::string error = error_text(*answer);
  return fail(error_code(*answer) == 429 ? ErrorCode::kRateLimitExceeded : ErrorCode::kServiceUnavailable,
              "WhatsApp refused " + std::string(what) + (error.empty() ? "." : " (" + error + ")."));
}

// The server finds out for the phone that the two of them had different codes.
std::string refused_code(const binary::Node& answer) {
  const uint64_t code = error_code(answer);
  const bool mistyped = code >= 400 && code < 500 && code != 429;
  return refused("the pairing by code", &answer).error().message +
         (mistyped ? " The code was probably mistyped; connect again for a new one."
                   : " Connect again and link anew.");
}

Status code_superseded() {
  return fail(ErrorCode::kInvalidOperation, "The phone has accepted another code already.");
}

}  // namespace

using binary::Node;
namespace event = session_event;

// --- QR codes ---

void SessionCore::pair_device(const Node& query) {
  if (!linking_ || (phase_ != Phase::kLogin && phase_ != Phase::kCodes)) return;
  send(result_for(query));
  // A code on the phone, or a passkey, does not wait for new references.
  if (linking_->code || linking_->passkey) return;
  std::vector<std::string> refs;
  for (const Node& child : query.child("pair-device")->children()) {
    const std::string_view ref = child.bytes();
    const bool fits = child.tag == "ref" && !ref.empty() && ref.size() <= kMaxQrRefBytes &&
                      std::ranges::all_of(ref, [](char c) { return c > 0x20 && c < 0x7f && c != ','; });
    if (fits && refs.size() < kMaxQrCodes) refs.emplace_back(ref);
  }
  if (refs.empty()) return end(end_of_nonsense("the server gave no codes to link with"));
  if (++linking_->code_sets > kMaxCodeSets)
    return end(end_of_nonsense("the server gives new codes to link with again and again"));
  std::ranges::reverse(refs);
  linking_->attempt = 0;
  linking_->attempts = static_cast<int>(refs.size());
  linking_->refs = std::move(refs);
  phase_ = Phase::kCodes;
  disarm(kOpening);
  disarm(kStep);
  arm(kPing, options_.settings.keep_alive_interval);
  arm(kLastCode,
      Milliseconds(profile_.first_qr_ms) + Milliseconds(profile_.qr_ms) * (linking_->attempts - 1));
  show_next_code();
}

void SessionCore::show_next_code() {
  if (linking_->refs.empty()) return;  // kLastCode follows at this very instant
  const Milliseconds validity(linking_->attempt == 0 ? profile_.first_qr_ms : profile_.qr_ms);
  ++linking_->attempt;
  const auto add = [](std::string& text, std::string_view key) {
    text.push_back(',');
    append_base64(text, key);
  };
  std::string text = "https://wa.me/settings/linked_devices#" + linking_->refs.back();
  linking_->refs.pop_back();
  add(text, crypto::view(credentials_.noise.public_key));
  add(text, crypto::view(credentials_.identity.public_key));
  add(text, crypto::view(credentials_.adv_secret));
  text.append(",").append(client_type(profile_));
  arm(kNextCode, validity);
  events_.push_back(QrCode{.text = std::move(text),
                           .valid_for = validity,
                           .attempt = linking_->attempt,
                           .max_attempts = linking_->attempts});
}

void SessionCore::pair_success(const Node& query) {
  if (!linking_ || phase_ != Phase::kCodes) return;
  PairOutcome outcome = accept_pair_success(query, credentials_);
  if (outcome.fault != PairFault::kNone) {
    send(std::move(outcome.reply));
    return end({.reason = CloseReason::kRefused, .text = outcome.text + " Connect again and link anew."});
  }
  phase_ = Phase::kPairing;
  settle_link(linking_->asking_code ? code_superseded() : Status());
  linking_.reset();
  for (const Timer timer : {kNextCode, kLastCode, kPasskey, kPing}) disarm(timer);
  arm(kStep, kPairingTimeout);
  events_.push_back(event::Paired{identity()});
  // Told to the server only once it cannot be forgotten; it then restarts the stream.
  save([this, reply = std::move(*outcome.reply)] { send(reply); });
}

// --- A code that is typed in ---

void SessionCore::request_pair_code(std::string_view phone, LinkDone done, Instant now) {
  now_ = now;
  const auto refuse = [&](Status status) {
    events_.push_back(event::Answer{std::move(done), std::move(status)});
  };
  if (!linking_ || phase_ != Phase::kCodes || linking_->passkey)
    return refuse(fail(ErrorCode::kInvalidOperation,
                       "A pairing code can be asked for only while QR codes are shown; connect first."));
  if (linking_->code && linking_->code->ref.empty()) return refuse(code_superseded());
  if (linking_->asking_code || linking_->done)
    return refuse(fail(ErrorCode::kInvalidOperation, "A pairing code is being asked for already."));
  auto number = pairing_phone(phone);
  if (!number) return refuse(std::unexpected(std::move(number).error()));

  linking_->done = std::move(done);
  linking_->asking_code = true;
  CodePairing pairing = make_code_pairing(*number, options_.random);
  auto derive = [code = pairing.code, salt = pairing.salt] { return derive_code_key(code, salt); };
  compute(std::move(derive), [this, pairing = std::move(pairing)](const Bytes& key) mutable {
    if (!linking_) return;
    Node hello = companion_hello(pairing, key, credentials_, profile_, options_.random);
    ask(std::move(hello), [this, pairing = std::move(pairing)](const Node* answer) mutable {
      if (!linking_) return;
      linking_->asking_code = false;
      if (answer != nullptr && error_code(*answer) == 404)
        return settle_link(fail(ErrorCode::kValidation,
                                "No WhatsApp account has this number; check it and its country code."));
      if (!is_result(answer)) return settle_link(refused("the request for a pairing code", answer));
      auto ref = read_pairing_ref(*answer);
      if (!ref) return settle_link(std::unexpected(std::move(ref).error()));
      if (linking_->passkey || !timers_[kLastCode]) return settle_link(code_superseded());
      pairing.ref = std::move(*ref);
      // It counts as long as the stream would have shown QR codes.
      disarm(kNextCode);
      events_.push_back(
          PairCode{.code = shown_pairing_code(pairing.code), .valid_for = *timers_[kLastCode] - now_.steady});
      linking_->code = std::move(pairing);
      settle_link({});
    });
  });
}

void SessionCore::primary_hello(const Node& notification) {
  if (!linking_ || phase_ != Phase::kCodes || !linking_->code) return;
  auto hello = read_primary_hello(notification);
  if (!hello || hello->ref != linking_->code->ref) return;
  // Once: what follows belongs to this answer.
  CodePairing pairing = std::move(*linking_->code);
  pairing.ref = hello->ref;
  auto derive = [code = pairing.code, salt = hello->wrapped_ephemeral.substr(0, 32)] {
    return derive_code_key(code, salt);
  };
  linking_->code->ref.clear();
  arm(kLastCode, kFinishTimeout);
  compute(std::move(derive),
          [this, pairing = std::move(pairing), hello = std::move(*hello)](const Bytes& key) {
            if (!linking_) return;
            auto finish = companion_finish(pairing, hello, key, credentials_, options_.random);
            if (!finish)
              return end({.reason = CloseReason::kRefused,
                          .text = finish.error().message + " Connect again and link anew."});
            credentials_.adv_secret = finish->adv_secret;
            ask(std::move(finish->query), [this](const Node* answer) {
              if (!linking_ || answer == nullptr || is_result(answer)) return;
              end({.reason = CloseReason::kRefused, .text = refused_code(*answer)});
            });
          });
}

void SessionCore::codes_ran_out() {
  const bool typed = linking_->code && linking_->code->ref.empty();
  end({.reason = CloseReason::kQrExhausted,
       .text = typed ? "A code was typed into the phone, but the phone did not finish the link. It was "
                       "probably mistyped; connect again for a new one."
                     : "All codes ran out without being used; connect again for new ones."});
}

// --- Passkeys ---

void SessionCore::passkey_requested(const Node& notification) {
  if (!linking_ || phase_ != Phase::kCodes) return;
  if (++linking_->passkey_requests > kMaxPasskeyRequests)
    return end(end_of_nonsense("the server asks for the passkey again and again"));
  auto options = read_passkey_options(notification);
  if (!options)
    return end(
        {.reason = CloseReason::kRefused, .text = options.error().message + " Connect again and link anew."});
  linking_->passkey = begin_passkey(credentials_, profile_, options_.random);
  linking_->assertion_wanted = true;
  linking_->compares = false;
  for (const Timer timer : {kNextCode, kLastCode}) disarm(timer);
  arm(kPasskey, kPasskeyValidity);
  events_.push_back(PasskeyRequest{.options_json = std::move(*options), .valid_for = kPasskeyValidity});
}

void SessionCore::answer_passkey(std::string_view assertion_json, LinkDone done, Instant now) {
  now_ = now;
  const auto refuse = [&](Status status) {
    events_.push_back(event::Answer{std::move(done), std::move(status)});
  };
  if (!linking_ || !linking_->assertion_wanted || linking_->done)
    return refuse(fail(ErrorCode::kInvalidOperation, "No passkey is awaited."));
  auto assertion = parse_assertion(assertion_json);
  if (!assertion) return refuse(std::unexpected(std::move(assertion).error()));
  linking_->done = std::move(done);
  linking_->assertion_wanted = false;
  ask(passkey_ref_query(), [this, assertion = std::move(*assertion)](const Node* answer) mutable {
    if (!linking_ || !linking_->passkey) return;
    auto ref = is_result(answer) ? read_passkey_ref(*answer) : Result<std::string>(std::string());
    if (!is_result(answer) || !ref) {
      linking_->assertion_wanted = true;
      return settle_link(is_result(answer) ? Status(std::unexpected(std::move(ref).error()))
                                           : refused("to go on with the passkey", answer));
    }
    linking_->passkey->ref = std::move(*ref);
    send_passkey_prologue(assertion);
  });
}

void SessionCore::send_passkey_prologue(const Assertion& assertion) {
  ask(passkey_prologue(*linking_->passkey, assertion), [this](const Node* answer) {
    if (!linking_ || !linking_->passkey) return;
    if (is_result(answer)) return settle_link({});
    linking_->assertion_wanted = true;
    settle_link(refused("the passkey", answer));
  });
}

void SessionCore::passkey_continued(const Node& notification) {
  if (!linking_ || phase_ != Phase::kCodes || !linking_->passkey || linking_->passkey->ref.empty() ||
      !linking_->passkey->encryption_key.empty())
    return;
  auto code = continue_passkey(*linking_->passkey, notification);
  if (!code)
    return end(
        {.reason = CloseReason::kRefused, .text = code.error().message + " Connect again and link anew."});
  const auto go_on = [](SessionCore& core, const Node* answer, std::string_view what) {
    if (is_result(answer)) return true;
    core.end({.reason = CloseReason::kRefused,
              .text = refused(what, answer).error().message + " Connect again and link anew."});
    return false;
  };
  ask(companion_nonce_query(*linking_->passkey),
      [this, code = std::move(*code), go_on](const Node* answer) mutable {
        if (!linking_ || !linking_->passkey || !go_on(*this, answer, "the passkey's confirmation")) return;
        linking_->compares = true;
        arm(kPasskey, kConfirmValidity);
        events_.push_back(PasskeyCode{.code = std::move(code), .valid_for = kConfirmValidity});
        // The comparison is made on the phone; it does not go on before.
        ask(pairing_request_query(*linking_->passkey, credentials_, options_.random),
            [this, go_on](const Node* done) {
              if (linking_) go_on(*this, done, "the pairing request");
            });
      });
}

void SessionCore::passkey_late() {
  const std::string_view what = linking_->compares ? "The link was not confirmed on the phone in time"
                                : linking_->assertion_wanted
                                    ? "The passkey was not given in time"
                                    : "WhatsApp did not go on with the passkey in time";
  end({.reason = CloseReason::kPasskeyExpired, .text = std::string(what) + "; connect again and link anew."});
}

}  // namespace patchbay::whatsapp
