#include "sandbox/pairing_session.h"

#include <algorithm>

#include "sandbox/pair_code.h"
#include "sandbox/stanza.h"

namespace patchbay::sandbox {
namespace {

constexpr size_t kRefs = 6;
// After the last reference is over, the attempt ends.
constexpr Milliseconds kGrace{20'000};

}  // namespace

PairingSession::PairingSession(Connection& connection, Registration registration)
    : connection_(connection),
      network_(connection.network()),
      registration_(std::move(registration)),
      started_(network_.now()) {}

PairingSession::~PairingSession() {
  std::erase_if(network_.pairings(), [this](const auto& entry) { return entry.second == this; });
}

std::string PairingSession::new_ref() {
  std::string ref = "2@" + base64_encode(network_.random().bytes(48));
  // A comma separates the parts of a QR code, and none is in here.
  network_.pairings().emplace(ref, this);
  return ref;
}

void PairingSession::start() {
  binary::Nodes refs;
  for (size_t i = 0; i < kRefs; ++i) {
    refs_.push_back(new_ref());
    refs.push_back(data("ref", refs_.back()));
  }
  connection_.ask(parent("iq", {{"from", std::string(binary::kUserServer)}, {"type", "set"}, {"xmlns", "md"}},
                         {parent("pair-device", {}, std::move(refs))}));
}

void PairingSession::on_tick() {
  const NetworkOptions& options = network_.options();
  const auto rotations = static_cast<int64_t>(kRefs - 1);
  if (account_ == nullptr && !code_ &&
      network_.now() - started_ > options.first_ref_validity + rotations * options.ref_validity + kGrace)
    connection_.end(leaf("xmlstreamend"));
}

void PairingSession::outcome(std::string text) {
  if (account_ != nullptr) account_->last_pairing = std::move(text);
}

// --- Stanzas ----------------------------------------------------------------------------------------------

void PairingSession::on_node(const binary::Node& node) {
  if (node.tag == "iq") return on_iq(node);
  if (node.tag == "ack") {
    if (connection_.answers().answered(std::string(node.attribute("class")),
                                       std::string(node.attribute("id"))) == Answers::Verdict::kUnknown)
      connection_.violation("ack.unknown", "an ack for nothing that was sent: " + describe(node, 300));
    return;
  }
  // The service overlooks these two before a login, and common clients send them.
  if (node.tag == "ib" || node.tag == "presence") return;
  connection_.violation("stanza.before-login", "a stanza that needs a login: " + describe(node, 300));
}

void PairingSession::on_iq(const binary::Node& iq) {
  if (iq.attribute("type") == "result" || iq.attribute("type") == "error") {
    const bool success = !success_id_.empty() && iq.attribute("id") == success_id_;
    connection_.take_iq_answer(iq);
    if (success) on_signed(iq);
    return;
  }
  if (!connection_.check_iq(iq)) return;
  const std::string_view xmlns = iq.attribute("xmlns");
  if (xmlns == "w:p") return connection_.send(result_of(iq));
  if (xmlns == "md") return on_md(iq);
  connection_.violation("stanza.before-login", "an iq that needs a login: " + describe(iq, 300));
  connection_.send(error_of(iq, 401, "not-authorized"));
}

void PairingSession::on_md(const binary::Node& iq) {
  if (const auto* const request = iq.child("link_code_companion_reg")) {
    const std::string_view stage = request->attribute("stage");
    if (stage == "companion_hello") return on_code_hello(iq, *request);
    if (stage == "companion_finish") return on_code_finish(iq, *request);
    connection_.violation("pairing.malformed", "a link_code_companion_reg with an unknown stage");
    return connection_.send(error_of(iq, 400, "bad-request"));
  }
  if (passkey_ && iq.child("ref") != nullptr)
    return connection_.send(result_of(iq, {data("ref", passkey_->ref)}));
  if (passkey_ && iq.child("passkey_request_options") != nullptr)
    return connection_.send(
        result_of(iq, {data("passkey_request_options",
                            passkey_request_options(passkey_->challenge, account_->passkey_credential))}));
  if (passkey_)
    if (const auto* const prologue = iq.child("passkey_prologue")) return on_prologue(iq, *prologue);
  if (passkey_ && iq.child("companion_nonce") != nullptr)
    return on_companion_nonce(iq, iq.child_bytes("companion_nonce"));
  if (passkey_ && iq.child("encrypted_pairing_request") != nullptr)
    return on_pairing_request(iq, iq.child_bytes("encrypted_pairing_request"));
  connection_.violation("pairing.malformed", "an iq of md that fits nothing under way: " + describe(iq, 300));
  connection_.send(error_of(iq, 400, "bad-request"));
}

// --- By QR code -------------------------------------------------------------------------------------------

Status PairingSession::bind(Account& account) {
  if (connection_.ended()) return fail(ErrorCode::kResourceConflict, "that client has gone");
  if (account_ != nullptr)
    return fail(ErrorCode::kResourceConflict, "that client is being linked already, to " + account_->number);
  if (account.devices.size() > network_.options().max_companions)
    return fail(ErrorCode::kResourceConflict, "the account has as many linked devices as it may have");
  account_ = &account;
  return {};
}

Status PairingSession::scanned(Account& account, std::string_view ref, std::string_view noise,
                               std::string_view identity, std::string_view adv_secret) {
  const auto position = std::ranges::find(refs_, ref) - refs_.begin();
  if (position == static_cast<std::ptrdiff_t>(refs_.size()))
    return fail(ErrorCode::kValidation, "the reference belongs to a pairing by code");
  const NetworkOptions& options = network_.options();
  if (network_.now() - started_ > options.first_ref_validity + position * options.ref_validity)
    return fail(ErrorCode::kResourceConflict, "the QR code is too old; scan the one that is shown now");
  if (noise != crypto::view(connection_.client_static()) ||
      identity != crypto::view(registration_.identity)) {
    connection_.violation("pairing.qr-keys", "the QR code holds other keys than the client registered with");
    return fail(ErrorCode::kValidation, "the QR code holds other keys than its client registered with");
  }
  PB_TRY(bind(account));
  outcome("scanned");
  if (account.passkey) {
    ask_for_passkey(adv_secret);
  } else {
    vouch(adv_secret);
  }
  return {};
}

void PairingSession::vouch(std::string_view adv_secret) {
  device_ = account_->next_device++;
  key_index_ = account_->next_key_index++;
  voucher_ = vouch_for_device(account_->identity, account_->raw_id, key_index_, network_.wall_now(),
                              registration_.identity, adv_secret);
  binary::Nodes parts{data("device-identity", voucher_->wire)};
  if (!account_->business_name.empty()) parts.push_back(leaf("biz", {{"name", account_->business_name}}));
  parts.push_back(leaf("device", {{"jid", to_string(account_->jid(device_))},
                                  {"lid", to_string(account_->lid_jid(device_))}}));
  parts.push_back(leaf("platform", {{"name", account_->platform}}));
  success_id_ = connection_.ask(
      parent("iq", {{"from", std::string(binary::kUserServer)}, {"type", "set"}, {"t", network_.unix_time()}},
             {parent("pair-success", {}, std::move(parts))}));
}

void PairingSession::on_signed(const binary::Node& iq) {
  success_id_.clear();
  if (account_ == nullptr || !voucher_) return;
  if (iq.attribute("type") == "error") {
    const auto* const error = iq.child("error");
    outcome("refused by the client: " + std::string(error == nullptr ? "" : error->attribute("text")));
    return connection_.end(leaf("xmlstreamend"));
  }
  const auto* const sign = iq.child("pair-device-sign");
  const auto* const identity = sign == nullptr ? nullptr : sign->child("device-identity");
  if (identity == nullptr) {
    connection_.violation("pairing.malformed", "the answer to pair-success has no device-identity");
    outcome("failed: no device-identity");
    return connection_.end(leaf("stream:error", {{"code", "400"}}));
  }
  if (identity->attribute("key-index") != std::to_string(key_index_))
    connection_.violation("pairing.key-index",
                          "pair-device-sign has another key-index than the account gave");
  auto whole = complete_device_identity(identity->bytes(), *voucher_, account_->identity.public_key,
                                        registration_.identity);
  if (!whole) {
    connection_.violation("pairing.signature", whole.error().message);
    outcome("failed: " + whole.error().message);
    return connection_.end(leaf("stream:error", {{"code", "401"}}));
  }
  Device device;
  device.number = device_;
  device.key_index = key_index_;
  device.noise = connection_.client_static();
  device.keys.identity = registration_.identity;
  device.keys.registration_id = registration_.registration_id;
  device.keys.signed_prekey = registration_.signed_prekey;
  device.keys.seen_signed_prekeys.insert(registration_.signed_prekey.id);
  device.signed_identity = std::move(*whole);
  device.os = registration_.os;
  device.platform = registration_.platform;
  outcome("linked");
  network_.link(*account_, std::move(device));
  connection_.end(leaf("stream:error", {{"code", "515"}}));
}

void PairingSession::forget(const Account& account) {
  if (code_ && code_->number == account.number) code_.reset();
  if (account_ != &account) return;
  account_ = nullptr;
  connection_.drop();
}

// --- By code ----------------------------------------------------------------------------------------------

void PairingSession::on_code_hello(const binary::Node& iq, const binary::Node& request) {
  const auto jid = binary::parse_jid(request.attribute("jid"));
  const auto bad = [&](std::string_view what) {
    connection_.violation("pairing.malformed", std::string("companion_hello: ") + std::string(what));
    connection_.send(error_of(iq, 400, "bad-request"));
  };
  if (!jid || jid->server != binary::kUserServer || jid->user.empty()) return bad("the jid is no user's");
  const std::string_view wrapped = request.child_bytes("link_code_pairing_wrapped_companion_ephemeral_pub");
  if (wrapped.size() != kWrappedKeyBytes) return bad("the wrapped ephemeral key has not 80 bytes");
  if (request.child_bytes("companion_server_auth_key_pub") != crypto::view(connection_.client_static()))
    return bad("companion_server_auth_key_pub is not the key of the handshake");
  if (request.child_bytes("companion_platform_id").empty()) return bad("no companion_platform_id");
  const std::string_view display = request.child_bytes("companion_platform_display");
  if (display.find(" (") == std::string_view::npos || !display.ends_with(')'))
    return bad("companion_platform_display is not of the form 'Chrome (Ubuntu)'");
  if (request.child_bytes("link_code_pairing_nonce").empty()) return bad("no link_code_pairing_nonce");
  if (network_.find(*jid) == nullptr) return connection_.send(error_of(iq, 404, "item-not-found"));
  if (account_ != nullptr) return connection_.send(error_of(iq, 409, "conflict"));
  if (code_) network_.pairings().erase(code_->ref);
  code_ = ByCode{.number = jid->user, .ref = new_ref(), .wrapped = Bytes(wrapped), .companion = std::nullopt};
  connection_.send(result_of(iq, {parent("link_code_companion_reg", {{"stage", "companion_hello"}},
                                         {data("link_code_pairing_ref", code_->ref)})}));
}

bool PairingSession::waits_for_code_of(const Account& account) const {
  return code_ && code_->number == account.number && account_ == nullptr && !connection_.ended();
}

Status PairingSession::code_entered(Account& account, const std::string& code) {
  PB_ASSIGN(const crypto::Key32 companion, unwrap_ephemeral(code_->wrapped, code));
  PB_TRY(bind(account));
  outcome("code entered");
  code_->companion = companion;
  code_->primary = network_.random().key_pair();
  const Bytes wrapped = wrap_ephemeral(code_->primary.public_key, code, network_.random().bytes(32),
                                       network_.random().bytes(16));
  const std::string id = network_.next_id();
  connection_.expect("notification", id);
  connection_.send(parent("notification",
                          {{"from", std::string(binary::kUserServer)},
                           {"type", "link_code_companion_reg"},
                           {"id", id},
                           {"t", network_.unix_time()}},
                          {parent("link_code_companion_reg", {{"stage", "primary_hello"}},
                                  {data("link_code_pairing_wrapped_primary_ephemeral_pub", wrapped),
                                   data("primary_identity_pub", crypto::view(account.identity.public_key)),
                                   data("link_code_pairing_ref", code_->ref)})}));
  return {};
}

void PairingSession::on_code_finish(const binary::Node& iq, const binary::Node& request) {
  const auto refuse = [&](std::string_view rule, const std::string& what) {
    if (!rule.empty()) connection_.violation(rule, "companion_finish: " + what);
    outcome("failed: " + what);
    account_ = nullptr;
    if (code_) code_->companion.reset();
    connection_.send(error_of(iq, 400, "bad-request"));
  };
  if (!code_ || !code_->companion || account_ == nullptr)
    return refuse("pairing.malformed", "nobody has typed a code");
  if (request.child_bytes("link_code_pairing_ref") != code_->ref)
    return refuse("pairing.malformed", "the ref is another than the one of this pairing");
  const auto bundle = open_pair_bundle(request.child_bytes("link_code_pairing_wrapped_key_bundle"),
                                       code_->primary, *code_->companion, account_->identity);
  // A mistyped code is no fault of the client.
  if (!bundle)
    return refuse(bundle.error().code == ErrorCode::kBadRequest ? "pairing.malformed" : "",
                  bundle.error().message);
  if (bundle->companion_identity != registration_.identity ||
      request.child_bytes("companion_identity_public") != crypto::view(registration_.identity))
    return refuse("pairing.identity", "the identity is another than the client registered with");
  connection_.send(result_of(iq));
  if (account_->passkey) return ask_for_passkey(bundle->adv_secret);
  vouch(bundle->adv_secret);
}

// --- By passkey -------------------------------------------------------------------------------------------

void PairingSession::ask_for_passkey(std::string_view adv_secret) {
  passkey_ = ByPasskey{.ref = base64url_encode(network_.random().bytes(24)),
                       .challenge = network_.random().bytes(32),
                       .handoff_secret = Bytes(adv_secret),
                       .primary = network_.random().key_pair(),
                       .primary_nonce = network_.random().bytes(32),
                       .prologue = std::nullopt};
  outcome("waits for the passkey");
  const std::string id = network_.next_id();
  connection_.expect("notification", id);
  connection_.send(
      parent("notification",
             {{"from", std::string(binary::kUserServer)},
              {"type", "passkey_prologue_request"},
              {"id", id},
              {"t", network_.unix_time()}},
             {data("passkey_request_options",
                   passkey_request_options(passkey_->challenge, account_->passkey_credential))}));
}

std::string PairingSession::passkey_options(const Account& account) const {
  if (!passkey_ || account_ != &account || passkey_->prologue) return {};
  return passkey_request_options(passkey_->challenge, account.passkey_credential);
}

std::string PairingSession::verification_code(const Account& account) const {
  return passkey_ && account_ == &account ? passkey_->verification_code : std::string();
}

void PairingSession::on_prologue(const binary::Node& iq, const binary::Node& prologue) {
  const auto refuse = [&](const std::string& what) {
    connection_.violation("pairing.passkey", what);
    outcome("failed: " + what);
    connection_.send(error_of(iq, 400, "bad-request"));
  };
  if (passkey_->prologue) return refuse("a second passkey_prologue");
  const std::string_view payload = prologue.child_bytes("prologue_payload");
  if (const Status sound = check_passkey_assertion(prologue.child_bytes("webauthn_assertion"),
                                                   passkey_->challenge, account_->passkey_credential);
      !sound)
    return refuse(sound.error().message);
  if (prologue.child_bytes("credential_id") != account_->passkey_credential)
    return refuse("credential_id is another than the one that was asked for");
  auto parsed = parse_passkey_prologue(payload, passkey_->ref);
  if (!parsed) return refuse(parsed.error().message);
  // Without it a phone would ask its user more; that is allowed. A wrong one is not.
  if (prologue.child("pairing_handoff_proof") != nullptr &&
      !check_handoff_proof(payload, prologue.child_bytes("pairing_handoff_proof"), passkey_->handoff_secret))
    return refuse("pairing_handoff_proof does not fit the ADV secret of the QR code");
  passkey_->prologue = std::move(*parsed);
  connection_.send(result_of(iq));
  const std::string id = network_.next_id();
  connection_.expect("notification", id);
  connection_.send(
      parent("notification",
             {{"from", std::string(binary::kUserServer)},
              {"type", "crsc_continuation"},
              {"id", id},
              {"t", network_.unix_time()}},
             {data("primary_ephemeral_identity",
                   primary_ephemeral_identity(passkey_->primary.public_key, passkey_->primary_nonce))}));
}

void PairingSession::on_companion_nonce(const binary::Node& iq, std::string_view nonce) {
  if (!passkey_->prologue || !opens_commitment(*passkey_->prologue, nonce)) {
    connection_.violation("pairing.passkey", "companion_nonce does not open the commitment of the prologue");
    return connection_.send(error_of(iq, 400, "bad-request"));
  }
  passkey_->verification_code =
      passkey_verification_code(passkey_->primary_nonce, nonce, passkey_->primary.public_key);
  outcome("compare the code " + passkey_->verification_code);
  connection_.send(result_of(iq));
}

void PairingSession::on_pairing_request(const binary::Node& iq, std::string_view request) {
  if (!passkey_->prologue || passkey_->verification_code.empty() || !passkey_->pairing_request.empty()) {
    connection_.violation("pairing.passkey", "an encrypted_pairing_request out of turn");
    return connection_.send(error_of(iq, 400, "bad-request"));
  }
  passkey_->pairing_request = Bytes(request);
  connection_.send(result_of(iq));
  finish_passkey();
}

Status PairingSession::passkey_decided(Account& account, bool approve) {
  if (!passkey_ || account_ != &account)
    return fail(ErrorCode::kResourceConflict, "no pairing of this phone waits for a passkey");
  if (!approve) {
    outcome("denied on the phone");
    connection_.end(leaf("stream:error", {{"code", "401"}}));
    return {};
  }
  if (passkey_->verification_code.empty())
    return fail(ErrorCode::kResourceConflict, "there is no verification code to approve yet");
  passkey_->approved = true;
  finish_passkey();
  return {};
}

void PairingSession::finish_passkey() {
  if (!passkey_->approved || passkey_->pairing_request.empty()) return;
  const auto pairing =
      open_pairing_request(passkey_->pairing_request, *passkey_->prologue, passkey_->ref, passkey_->primary);
  if (!pairing) {
    connection_.violation("pairing.passkey", pairing.error().message);
    outcome("failed: " + pairing.error().message);
    return connection_.end(leaf("stream:error", {{"code", "401"}}));
  }
  if (pairing->noise != connection_.client_static() || pairing->identity != registration_.identity) {
    connection_.violation("pairing.identity",
                          "the pairing request names other keys than the client registered with");
    outcome("failed: other keys");
    return connection_.end(leaf("stream:error", {{"code", "401"}}));
  }
  passkey_.reset();
  vouch(pairing->adv_secret);
}

}  // namespace patchbay::sandbox
