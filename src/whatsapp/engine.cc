#include "whatsapp/engine.h"

namespace patchbay::whatsapp {

std::string_view to_string(CloseReason reason) {
  switch (reason) {
    case CloseReason::kLocalRequest:
      return "LOCAL_REQUEST";
    case CloseReason::kLoggedOut:
      return "LOGGED_OUT";
    case CloseReason::kNetworkLost:
      return "NETWORK_LOST";
    case CloseReason::kUnreachable:
      return "UNREACHABLE";
    case CloseReason::kTimedOut:
      return "TIMED_OUT";
    case CloseReason::kServerBusy:
      return "SERVER_BUSY";
    case CloseReason::kPasskeyExpired:
      return "PASSKEY_EXPIRED";
    case CloseReason::kQrExhausted:
      return "QR_EXHAUSTED";
    case CloseReason::kUnlinkedByPhone:
      return "UNLINKED_BY_PHONE";
    case CloseReason::kReplaced:
      return "REPLACED";
    case CloseReason::kBanned:
      return "BANNED";
    case CloseReason::kTemporarilyBanned:
      return "TEMPORARILY_BANNED";
    case CloseReason::kClientOutdated:
      return "CLIENT_OUTDATED";
    case CloseReason::kRefused:
      return "REFUSED";
    case CloseReason::kInternal:
      return "INTERNAL";
  }
  return "INTERNAL";
}

}  // namespace patchbay::whatsapp
