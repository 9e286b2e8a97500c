// What people do with a scripted phone: scan, type a code, approve, unlink, and what happens to its account.
// Each is done when the call returns, as far as the phone goes; what the client makes of it follows.
// Shard-local.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sandbox/network.h"

namespace patchbay::sandbox {

class Phone {
 public:
  // Valid as long as the account.
  Phone(Network& network, Account& account) : network_(network), account_(account) {}

  // The text of a QR code, with or without the address in front. kValidation: it is none; kResourceNotFound:
  // nobody waits with it; kResourceConflict: too old, the phone is offline, or not allowed to link.
  Status scan(std::string_view text);
  // The eight characters that a client shows for this phone's number. A wrong code shows in the account's
  // `last_pairing`, because only the client's answer tells.
  Status enter_code(std::string_view code);
  Status decide_passkey(bool approve);
  // What the browser gives for the passkey request that is open for this phone, or for `options`.
  Result<std::string> passkey_assertion(std::string_view options);
  // Options of the open request; empty when there is none.
  std::string passkey_options() const;
  std::string verification_code() const;

  Status unlink(uint16_t device);
  // Ends the connections of its devices with what a login is then answered.
  void lock();
  void ban();
  void ban_for(Milliseconds time);
  void unban();

  // --- One device's connection; every device's when none is named. kResourceNotFound: not connected ---
  // As if the same credentials had connected elsewhere.
  Status take_over(std::optional<uint16_t> device);
  Status stream_error(std::optional<uint16_t> device, uint32_t code, std::string_view conflict);
  Status end_stream(std::optional<uint16_t> device);
  Status drop(std::optional<uint16_t> device);
  Status ping(std::optional<uint16_t> device);

 private:
  Status may_link() const;
  PairingSession* pairing() const;
  template <typename Action>
  Status on_sessions(std::optional<uint16_t> device, Action action);
  void end_all(std::string_view code);

  Network& network_;
  Account& account_;
};

}  // namespace patchbay::sandbox
