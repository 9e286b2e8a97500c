// How an instance is linked: codes to scan and to type, the passkey, the phone's acceptance.
#include <boost/json.hpp>

#include "manager/instance_machine.h"

namespace patchbay::manager {
namespace {

using whatsapp::CloseReason;

constexpr size_t kMaxPasskeyOptionsBytes = 65'536;

bool is_json_object(std::string_view text) {
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(text, error);
  return !error && value.is_object();
}
}  // namespace

void InstanceMachine::on(const whatsapp::QrCode& code) {
  if (session_ != Session::kOpening && session_ != Session::kShowingCode) return;
  session_ = Session::kShowingCode;
  clear_codes();
  record_.linking = Linking{.method = Linking::Method::kQr};
  qr_attempt_ = code.attempt;
  max_qr_attempts_ = code.max_attempts;
  const WallTime expiry = now_.wall + code.valid_for;
  record_.qr_text = code.text;
  record_.qr_expiry = expiry;
  schedule(code.valid_for + options_.qr_grace);
  std::string text = "Scan the code with WhatsApp on the phone: Settings, Linked devices, Link a device.";
  if (demands_passkey_)
    text += " The account demanded its passkey before; have a browser ready in which it can be used.";
  enter(InstanceStatus::kQrRequired, {"QR_REQUIRED", "WhatsApp waits for a QR code to be scanned."},
        step(NextStep::What::kScanQr, std::move(text), code.valid_for));
  draft(InstanceEventType::kQrGenerated,
        qr_generated_data(code.text, expiry, code.attempt, code.max_attempts));
  effects_.events.back().qr_text = code.text;
}

void InstanceMachine::on(const whatsapp::PairCode& code) {
  if (session_ != Session::kShowingCode) return;
  clear_codes();
  const WallTime expiry = now_.wall + code.valid_for;
  record_.linking = Linking{.method = Linking::Method::kCode,
                            .pair_code = Linking::PairCode{.code = code.code, .expiry = expiry}};
  schedule(code.valid_for + options_.qr_grace);
  enter(InstanceStatus::kQrRequired, {"PAIR_CODE_REQUIRED", "WhatsApp waits for a code to be typed in."},
        step(NextStep::What::kEnterCode,
             "Type the code into WhatsApp on the phone: Settings, Linked devices, Link a device, Link with "
             "phone "
             "number instead.",
             code.valid_for));
  draft(InstanceEventType::kPairCodeGenerated, pair_code_data(code.code, expiry));
}

void InstanceMachine::on(const whatsapp::PasskeyRequest& request) {
  // Also again: another request replaces the one before.
  if (session_ != Session::kShowingCode && session_ != Session::kPasskey && session_ != Session::kOpening)
    return;
  if (request.options_json.size() > kMaxPasskeyOptionsBytes || !is_json_object(request.options_json)) {
    effects_.commands.push_back(SessionCommand::kDrop);
    return failed(
        {.reason = CloseReason::kInternal,
         .text = "WhatsApp asked for the account's passkey in a way that this server does not know."});
  }
  session_ = Session::kPasskey;
  demands_passkey_ = true;
  clear_codes();
  const WallTime expiry = now_.wall + request.valid_for;
  record_.linking =
      Linking{.method = Linking::Method::kPasskey,
              .passkey = Linking::Passkey{.options_json = request.options_json, .expiry = expiry}};
  schedule(request.valid_for + options_.qr_grace);
  enter(
      InstanceStatus::kQrRequired,
      {"PASSKEY_REQUIRED",
       "The phone accepted, but this account demands its passkey before it links a device."},
      step(
          NextStep::What::kProvidePasskey,
          "Have a browser on web.whatsapp.com answer with the account's passkey, and hand the answer in: the "
          "panel shows how (POST /api/instances/{id}/passkey).",
          request.valid_for));
  draft(InstanceEventType::kPasskeyRequired, passkey_required_data(request.options_json, expiry));
}

void InstanceMachine::on(const whatsapp::PasskeyCode& code) {
  if (session_ != Session::kPasskey) return;
  Linking::Passkey& passkey = *record_.linking->passkey;
  passkey.verification_code = code.code;
  passkey.expiry = now_.wall + code.valid_for;
  schedule(code.valid_for + options_.qr_grace);
  enter(record_.status, {"PASSKEY_ACCEPTED", "The passkey was accepted."},
        step(NextStep::What::kCompareCode,
             "Compare the code with the one that the phone shows, and confirm on the phone if they are the "
             "same.",
             code.valid_for));
  draft(InstanceEventType::kPasskeyCode, passkey_code_data(code.code, passkey.expiry));
}

void InstanceMachine::on(const PhonePaired&) {
  if (session_ != Session::kShowingCode && session_ != Session::kPasskey && session_ != Session::kOpening)
    return;
  session_ = Session::kPairing;
  const auto method = record_.linking ? record_.linking->method : Linking::Method::kQr;
  clear_codes();
  if (record_.status == InstanceStatus::kQrRequired) record_.linking = Linking{.method = method};
  schedule(options_.pairing_timeout);
  // The status stays: clients keep their dialog until CONNECTED.
  enter(record_.status, {"SCANNED", "The phone accepted the code."},
        step(NextStep::What::kFinishPairing, "The link is being finished.", options_.pairing_timeout));
}

// Never a silent loop of QR codes: whoever was asked for the passkey hears that it was for nothing.
whatsapp::SessionEnd InstanceMachine::lost_in_passkey_step(const whatsapp::SessionEnd& end) {
  if (!end.retry_makes_sense) return end;
  return {.reason = CloseReason::kRefused, .text = "The link was lost in the passkey step: " + end.text};
}

// A phone is at it, and nothing is linked yet: what is refused now costs a new attempt and no more.
bool InstanceMachine::is_linking() const {
  return !linked_ && (session_ == Session::kShowingCode || session_ == Session::kPasskey ||
                      session_ == Session::kPairing);
}

std::string InstanceMachine::link_remedy() const {
  return demands_passkey_
             ? "Connect again for a new code, and have a browser ready in which web.whatsapp.com can "
               "use the account's passkey: it is linked only with that."
             : "Connect again for a new code, and link anew.";
}

void InstanceMachine::clear_codes() {
  if (record_.qr_text || record_.qr_expiry) effects_.record_changed = true;
  record_.qr_text.reset();
  record_.qr_expiry.reset();
  record_.linking.reset();
}
}  // namespace patchbay::manager
