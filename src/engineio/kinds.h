// The words for how a session travels, moves and ends. Values; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace patchbay::engineio {

enum class TransportKind : uint8_t { kPolling, kWebSocket };
inline constexpr size_t kTransportKinds = 2;
// "polling", "websocket"
std::string_view to_string(TransportKind kind);

// Why a session ended. The names are those of Node's engine.io, where it has them.
enum class CloseReason : uint8_t {
  kTransportClose,
  kTransportError,
  kPingTimeout,
  kParseError,
  kForcedClose,     // close() was called
  kServerShutdown,  // the server is going down
  kOverflow,        // the peer reads too slowly: more than max_buffered_bytes would wait
  kFlood,           // the peer sends more a second than FloodLimits allow
};
inline constexpr size_t kCloseReasons = 8;
std::string_view to_string(CloseReason reason);

// What became of a second transport that wanted to take over.
enum class UpgradeOutcome : uint8_t {
  kSucceeded,
  kTimedOut,         // no upgrade packet within upgrade_timeout
  kProbeFailed,      // it said something else than the probe and the upgrade
  kRefused,          // the session could not be upgraded: 400
  kClosedMeanwhile,  // it, or the session, ended before the upgrade
};
inline constexpr size_t kUpgradeOutcomes = 5;
// "succeeded", "timed_out", "probe_failed", "refused", "closed_meanwhile"
std::string_view to_string(UpgradeOutcome outcome);

// Why a new session was turned away for now, with 503 (429 for kAddressRate) and Retry-After.
enum class BusyReason : uint8_t {
  kShuttingDown,
  kDraining,
  kTooManySessions,
  kRate,         // AdmissionOptions::sessions_per_second
  kAddressRate,  // AdmissionOptions::sessions_per_second_per_address
  kUndecided,    // allow_request did not answer in time, or too many wait for it
};
inline constexpr size_t kBusyReasons = 6;
// "shutting_down", "draining", "too_many_sessions", "rate", "address_rate", "undecided"
std::string_view to_string(BusyReason reason);

}  // namespace patchbay::engineio
