#include "manager/instance_status.h"

#include <array>
#include <utility>

namespace patchbay::manager {
namespace {

template <typename T, size_t N>
using Names = std::array<std::pair<T, std::string_view>, N>;

constexpr Names<InstanceStatus, 6> kStatuses{{
    {InstanceStatus::kInit, "INIT"},
    {InstanceStatus::kQrRequired, "QR_REQUIRED"},
    {InstanceStatus::kConnected, "CONNECTED"},
    {InstanceStatus::kDisconnected, "DISCONNECTED"},
    {InstanceStatus::kReconnecting, "RECONNECTING"},
    {InstanceStatus::kError, "ERROR"},
}};
constexpr Names<DesiredState, 3> kDesired{{
    {DesiredState::kConnected, "CONNECTED"},
    {DesiredState::kDisconnected, "DISCONNECTED"},
    {DesiredState::kLoggedOut, "LOGGED_OUT"},
}};
constexpr Names<NextStep::What, 12> kSteps{{
    {NextStep::What::kNone, "NONE"},
    {NextStep::What::kConnect, "CONNECT"},
    {NextStep::What::kAwaitConnection, "AWAIT_CONNECTION"},
    {NextStep::What::kScanQr, "SCAN_QR"},
    {NextStep::What::kEnterCode, "ENTER_CODE"},
    {NextStep::What::kProvidePasskey, "PROVIDE_PASSKEY"},
    {NextStep::What::kCompareCode, "COMPARE_CODE"},
    {NextStep::What::kFinishPairing, "FINISH_PAIRING"},
    {NextStep::What::kWatchLiveness, "WATCH_LIVENESS"},
    {NextStep::What::kReconnect, "RECONNECT"},
    {NextStep::What::kFinishLogout, "FINISH_LOGOUT"},
    {NextStep::What::kOperator, "OPERATOR"},
}};

template <typename T, size_t N>
std::string_view name_of(const Names<T, N>& names, T value) {
  for (const auto& [known, name] : names)
    if (known == value) return name;
  return "UNKNOWN";
}
template <typename T, size_t N>
std::optional<T> value_of(const Names<T, N>& names, std::string_view text) {
  for (const auto& [value, name] : names)
    if (name == text) return value;
  return std::nullopt;
}

}  // namespace

std::string_view to_string(InstanceStatus status) {
  return name_of(kStatuses, status);
}
std::optional<InstanceStatus> parse_instance_status(std::string_view text) {
  return value_of(kStatuses, text);
}
std::string_view to_string(DesiredState state) {
  return name_of(kDesired, state);
}
std::optional<DesiredState> parse_desired_state(std::string_view text) {
  return value_of(kDesired, text);
}
std::string_view to_string(NextStep::What what) {
  return name_of(kSteps, what);
}
std::optional<NextStep::What> parse_next_step(std::string_view text) {
  return value_of(kSteps, text);
}

}  // namespace patchbay::manager
