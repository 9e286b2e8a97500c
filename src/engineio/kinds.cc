#include "engineio/kinds.h"

namespace patchbay::engineio {

std::string_view to_string(TransportKind kind) {
  return kind == TransportKind::kPolling ? "polling" : "websocket";
}

std::string_view to_string(CloseReason reason) {
  switch (reason) {
    case CloseReason::kTransportClose:
      return "transport close";
    case CloseReason::kTransportError:
      return "transport error";
    case CloseReason::kPingTimeout:
      return "ping timeout";
    case CloseReason::kParseError:
      return "parse error";
    case CloseReason::kForcedClose:
      return "forced close";
    case CloseReason::kServerShutdown:
      return "server shutting down";
    case CloseReason::kOverflow:
      return "output overflow";
    case CloseReason::kFlood:
      return "input flood";
  }
  return "transport error";
}

std::string_view to_string(UpgradeOutcome outcome) {
  switch (outcome) {
    case UpgradeOutcome::kSucceeded:
      return "succeeded";
    case UpgradeOutcome::kTimedOut:
      return "timed_out";
    case UpgradeOutcome::kProbeFailed:
      return "probe_failed";
    case UpgradeOutcome::kRefused:
      return "refused";
    case UpgradeOutcome::kClosedMeanwhile:
      return "closed_meanwhile";
  }
  return "refused";
}

std::string_view to_string(BusyReason reason) {
  switch (reason) {
    case BusyReason::kShuttingDown:
      return "shutting_down";
    case BusyReason::kDraining:
      return "draining";
    case BusyReason::kTooManySessions:
      return "too_many_sessions";
    case BusyReason::kRate:
      return "rate";
    case BusyReason::kAddressRate:
      return "address_rate";
    case BusyReason::kUndecided:
      return "undecided";
  }
  return "rate";
}

}  // namespace patchbay::engineio
