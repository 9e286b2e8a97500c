// A client that registers a new device: references for its QR code, the exchange by code, the passkey where
// an account asks for it, and at last the device's signature. Phones act on it through the functions in the
// middle. Internal to the module. Shard-local.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sandbox/adv.h"
#include "sandbox/connection.h"
#include "sandbox/passkey.h"
#include "sandbox/registration.h"
#include "sandbox/session.h"

namespace patchbay::sandbox {

class PairingSession final : public Session {
 public:
  PairingSession(Connection& connection, Registration registration);
  ~PairingSession() override;

  void start() override;
  void on_node(const binary::Node& node) override;
  void on_tick() override;
  std::string who() const override { return {}; }
  Connection& connection() { return connection_; }

  // --- What a phone does ---
  // Has read a QR code with one of the references, and these keys in it.
  Status scanned(Account& account, std::string_view ref, std::string_view noise, std::string_view identity,
                 std::string_view adv_secret);
  bool waits_for_code_of(const Account& account) const;
  // Its user has typed the code. Whether it was the right one turns out when the client answers.
  Status code_entered(Account& account, const std::string& code);
  // Its user compares the verification code and says yes or no.
  Status passkey_decided(Account& account, bool approve);
  // The options of the passkey request that is open for this account; empty when there is none.
  std::string passkey_options(const Account& account) const;
  // Empty unless the code of the passkey exchange is known.
  std::string verification_code(const Account& account) const;
  // The account is about to go away.
  void forget(const Account& account);

 private:
  struct ByCode {
    std::string number;
    std::string ref;
    Bytes wrapped;  // the companion's ephemeral key
    crypto::KeyPair primary{};
    std::optional<crypto::Key32> companion;  // once a code was typed
  };
  struct ByPasskey {
    std::string ref;
    Bytes challenge;
    Bytes handoff_secret;  // the ADV secret of the QR code
    crypto::KeyPair primary{};
    Bytes primary_nonce;
    std::optional<PasskeyPrologue> prologue;
    std::string verification_code;
    Bytes pairing_request;  // waits for the user's approval
    bool approved = false;
  };

  void on_iq(const binary::Node& iq);
  void on_md(const binary::Node& iq);
  void on_code_hello(const binary::Node& iq, const binary::Node& request);
  void on_code_finish(const binary::Node& iq, const binary::Node& request);
  void ask_for_passkey(std::string_view adv_secret);
  void on_prologue(const binary::Node& iq, const binary::Node& prologue);
  void on_companion_nonce(const binary::Node& iq, std::string_view nonce);
  void on_pairing_request(const binary::Node& iq, std::string_view request);
  void finish_passkey();
  // The phone agrees: vouches for the device.
  void vouch(std::string_view adv_secret);
  void on_signed(const binary::Node& iq);
  void outcome(std::string text);
  Status bind(Account& account);
  std::string new_ref();

  Connection& connection_;
  Network& network_;
  const Registration registration_;
  std::vector<std::string> refs_;  // of the QR code, in order
  SteadyTime started_{};
  std::optional<ByCode> code_;
  std::optional<ByPasskey> passkey_;
  Account* account_ = nullptr;  // that is being linked
  std::optional<DeviceVoucher> voucher_;
  std::string success_id_;  // of the iq with pair-success
  uint16_t device_ = 0;
  uint32_t key_index_ = 0;
};

}  // namespace patchbay::sandbox
