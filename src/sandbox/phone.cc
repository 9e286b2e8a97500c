#include "sandbox/phone.h"

#include <array>
#include <vector>

#include "sandbox/device_session.h"
#include "sandbox/pair_code.h"
#include "sandbox/pairing_session.h"
#include "sandbox/stanza.h"

namespace patchbay::sandbox {
namespace {

constexpr size_t kMaxQrBytes = 2'300;

struct QrParts {
  std::string ref;
  Bytes noise;
  Bytes identity;
  Bytes adv_secret;
};

// https://wa.me/settings/linked_devices#ref,noise,identity,secret,client type; older clients: without the
// address and the type.
Result<QrParts> parse_qr(std::string_view text) {
  const auto wrong = [](std::string what) {
    return fail(ErrorCode::kValidation, "this is no pairing code: " + std::move(what));
  };
  if (text.size() > kMaxQrBytes) return wrong("it is longer than a QR code");
  if (text.starts_with("https://")) {
    const size_t hash = text.find('#');
    if (!text.starts_with("https://wa.me/settings/linked_devices") || hash == std::string_view::npos)
      return wrong("it is another address");
    text.remove_prefix(hash + 1);
  }
  std::array<std::string_view, 5> parts;
  size_t count = 0;
  while (count < parts.size()) {
    const size_t comma = text.find(',');
    parts[count++] = text.substr(0, comma);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
    if (count == parts.size()) return wrong("it has more than five parts");
  }
  if (count < 4) return wrong("it has fewer than four parts");
  QrParts result{.ref = std::string(parts[0]), .noise = {}, .identity = {}, .adv_secret = {}};
  const auto key = [&](size_t index, Bytes& into) {
    auto bytes = base64_decode(parts[index]);
    if (!bytes || bytes->size() != 32) return false;
    into = std::move(*bytes);
    return true;
  };
  if (!key(1, result.noise) || !key(2, result.identity) || !key(3, result.adv_secret))
    return wrong("its parts 2 to 4 are not 32 bytes in base64");
  return result;
}

}  // namespace

Status Phone::may_link() const {
  if (!account_.online) return fail(ErrorCode::kResourceConflict, "the phone is offline");
  if (account_.state != AccountState::kOk)
    return fail(ErrorCode::kResourceConflict, "the account is " + std::string(to_string(account_.state)));
  return {};
}

Status Phone::scan(std::string_view text) {
  PB_TRY(may_link());
  PB_ASSIGN(const QrParts parts, parse_qr(text));
  const auto found = network_.pairings().find(parts.ref);
  if (found == network_.pairings().end() || found->second->connection().ended())
    return fail(ErrorCode::kResourceNotFound, "no client waits with this QR code");
  return found->second->scanned(account_, parts.ref, parts.noise, parts.identity, parts.adv_secret);
}

Status Phone::enter_code(std::string_view typed) {
  PB_TRY(may_link());
  PB_ASSIGN(const std::string code, normal_pair_code(typed));
  PairingSession* const session = network_.find_code_pairing(account_);
  if (session == nullptr)
    return fail(ErrorCode::kResourceNotFound, "no client waits for a code of the number " + account_.number);
  return session->code_entered(account_, code);
}

PairingSession* Phone::pairing() const {
  for (const auto& [ref, session] : network_.pairings())
    if (!session->connection().ended() &&
        (!session->passkey_options(account_).empty() || !session->verification_code(account_).empty()))
      return session;
  return nullptr;
}

std::string Phone::passkey_options() const {
  const PairingSession* const session = pairing();
  return session == nullptr ? std::string() : session->passkey_options(account_);
}

std::string Phone::verification_code() const {
  const PairingSession* const session = pairing();
  return session == nullptr ? std::string() : session->verification_code(account_);
}

Result<std::string> Phone::passkey_assertion(std::string_view options) {
  const std::string open = options.empty() ? passkey_options() : std::string(options);
  if (open.empty()) return fail(ErrorCode::kResourceConflict, "no pairing of this phone waits for a passkey");
  return sandbox::passkey_assertion(open, account_.passkey_credential, network_.random().bytes(64));
}

Status Phone::decide_passkey(bool approve) {
  PairingSession* const session = pairing();
  if (session == nullptr)
    return fail(ErrorCode::kResourceConflict, "no pairing of this phone waits for a passkey");
  return session->passkey_decided(account_, approve);
}

Status Phone::unlink(uint16_t device) {
  if (device == 0 || !account_.devices.contains(device))
    return fail(ErrorCode::kResourceNotFound, "there is no linked device " + std::to_string(device));
  network_.unlink(account_, device);
  return {};
}

template <typename Action>
Status Phone::on_sessions(std::optional<uint16_t> device, Action action) {
  std::vector<DeviceSession*> sessions;
  for (auto& [number, each] : account_.devices)
    if ((!device || *device == number) && each.session != nullptr) sessions.push_back(each.session);
  if (sessions.empty())
    return fail(ErrorCode::kResourceNotFound, device
                                                  ? "device " + std::to_string(*device) + " is not connected"
                                                  : "no device is connected");
  for (DeviceSession* const session : sessions) action(*session);
  return {};
}

void Phone::end_all(std::string_view code) {
  const binary::Node error = leaf("stream:error", {{"code", std::string(code)}});
  (void)on_sessions(std::nullopt, [&](DeviceSession& session) { session.end_with(error); });
}

void Phone::lock() {
  account_.state = AccountState::kLocked;
  end_all("503");
}

void Phone::ban() {
  account_.state = AccountState::kBanned;
  end_all("503");
}

void Phone::ban_for(Milliseconds time) {
  account_.state = AccountState::kTemporarilyBanned;
  account_.banned_until = network_.wall_now() + time;
  end_all("503");
}

void Phone::unban() {
  account_.state = AccountState::kOk;
}

Status Phone::take_over(std::optional<uint16_t> device) {
  return stream_error(device, 0, "replaced");
}

Status Phone::stream_error(std::optional<uint16_t> device, uint32_t code, std::string_view conflict) {
  binary::Node error = leaf("stream:error");
  if (code != 0) error.set("code", std::to_string(code));
  if (!conflict.empty()) error.content = binary::Nodes{leaf("conflict", {{"type", std::string(conflict)}})};
  return on_sessions(device, [&](DeviceSession& session) { session.end_with(error); });
}

Status Phone::end_stream(std::optional<uint16_t> device) {
  return on_sessions(device, [](DeviceSession& session) { session.end_with(leaf("xmlstreamend")); });
}

Status Phone::drop(std::optional<uint16_t> device) {
  return on_sessions(device, [](DeviceSession& session) { session.drop(); });
}

Status Phone::ping(std::optional<uint16_t> device) {
  return on_sessions(device, [](DeviceSession& session) { session.ping(); });
}

}  // namespace patchbay::sandbox
