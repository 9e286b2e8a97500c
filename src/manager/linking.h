// How a phone is being linked to an instance at this moment: what is on show for a person, besides the QR
// code itself (which the machine's record and the store keep, as the panel contract has it). It dies with its
// session and is never stored. Codes and options are secrets while they are valid. Values only; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace patchbay::manager {

struct Linking {
  enum class Method { kQr, kCode, kPasskey };
  Method method = Method::kQr;

  struct PairCode {
    std::string code;  // "XXXX-XXXX", to be typed into the phone
    WallTime expiry{};
  };
  std::optional<PairCode> pair_code = std::nullopt;

  struct Passkey {
    std::string options_json;  // WebAuthn PublicKeyCredentialRequestOptions, an object
    WallTime expiry{};
    // Set once the passkey was accepted: the same code is on the phone, to be compared and confirmed there.
    std::optional<std::string> verification_code = std::nullopt;
  };
  std::optional<Passkey> passkey = std::nullopt;
};

// "qr", "code", "passkey"
inline std::string_view to_string(Linking::Method method) {
  switch (method) {
    case Linking::Method::kQr:
      return "qr";
    case Linking::Method::kCode:
      return "code";
    case Linking::Method::kPasskey:
      return "passkey";
  }
  return "qr";
}

}  // namespace patchbay::manager
