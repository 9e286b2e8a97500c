// The words in which the life of an instance is told, to the store, REST, realtime and the panel alike: the
// six observed states, what the operator wants, why something changed and what comes next. Values only;
// immutable.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace patchbay::manager {

// What is observed. Names on the wire and in the store: to_string().
enum class InstanceStatus { kInit, kQrRequired, kConnected, kDisconnected, kReconnecting, kError };
std::string_view to_string(InstanceStatus status);  // "QR_REQUIRED"
std::optional<InstanceStatus> parse_instance_status(std::string_view text);

// What the operator wants. Only operators change it: no restart, crash, or lost network does.
enum class DesiredState { kConnected, kDisconnected, kLoggedOut };
std::string_view to_string(DesiredState state);  // "CONNECTED", "DISCONNECTED", "LOGGED_OUT"
std::optional<DesiredState> parse_desired_state(std::string_view text);

// Why the present state was entered (or last confirmed).
struct Reason {
  std::string code{};  // SCREAMING_CASE, from the list in docs/instance-lifecycle.md
  std::string text{};  // one sentence for people
  friend bool operator==(const Reason&, const Reason&) = default;
};

// What happens next by itself, or who has to do something.
struct NextStep {
  enum class What {
    kNone,     // resting as wanted: nothing is due
    kConnect,  // a connection is opened at `at` (it waits for its turn, or an earlier one closes first)
    kAwaitConnection,  // a connection is being opened; given up at `at`
    kScanQr,           // somebody scans the code; it changes or runs out at `at`
    kEnterCode,        // somebody types the code into the phone; it runs out at `at`
    kProvidePasskey,   // somebody has a browser answer for the account's passkey; given up at `at`
    kCompareCode,      // somebody compares the code with the phone's and confirms there; given up at `at`
    kFinishPairing,    // the phone accepted, the link is being finished; given up at `at`
    kWatchLiveness,    // connected; taken for dead when nothing was heard until `at`
    kReconnect,        // the next attempt starts at `at`
    kFinishLogout,     // the device is being unlinked; given up at `at`, and the credentials go in any case
    kOperator,         // nothing happens until an operator acts; the text says how
  };
  What what = What::kNone;
  std::string text{};            // one sentence for people
  std::optional<WallTime> at{};  // absent for kNone and kOperator
};
std::string_view to_string(NextStep::What what);  // "SCAN_QR"
std::optional<NextStep::What> parse_next_step(std::string_view text);

}  // namespace patchbay::manager
