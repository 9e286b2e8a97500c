// What happened to an instance: numbered, durable before anybody hears of it, in one total order per
// instance. The `data` of an event is what the log keeps; payload() makes of it the JSON object that clients
// receive, the same in Socket.IO, in GET events and in webhooks. Field names are those of the setup guide and
// the panel contract, ours are additional. Values only; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "manager/instance_status.h"

namespace patchbay::manager {

enum class InstanceEventType {
  kStatusChanged,
  kQrGenerated,
  kPairCodeGenerated,
  kPasskeyRequired,
  kPasskeyCode,
  kConnected,
  kDisconnected,
  kError
};
// "instance:status:changed", "instance:qr:generated", "instance:connected", ... : the Socket.IO event names.
std::string_view to_string(InstanceEventType type);
// Whether it shows what links a phone: for those who look at the instance only.
bool is_linking(InstanceEventType type);
std::optional<InstanceEventType> parse_instance_event_type(std::string_view name);

struct InstanceEvent {
  std::string instance_id{};
  std::string subscription_id{};
  uint64_t seq = 0;  // 1, 2, 3, ... in its instance, without gaps
  InstanceEventType type = InstanceEventType::kStatusChanged;
  WallTime timestamp{};
  // A JSON object as text, without instanceId, timestamp and seq (those are the fields above).
  std::string data{};
  // The text of the QR code for kQrGenerated, otherwise empty: what the edge draws.
  std::string qr_text{};
};

// The whole object for clients: {"instanceId":…,"timestamp":…,"seq":…,<data>}. For kQrGenerated `qr_code`
// goes in as "qrCode" (a PNG data URL, or the raw text, as the edge is configured); an empty one leaves the
// field out.
std::string payload(const InstanceEvent& event, std::string_view qr_code = {});

// --- Builders of `data` (used by the runtime; the fields are the contract) ---

// {newStatus, oldStatus, metadata{error, timestamp, …}, reason{code,text}, nextStep{what,text,at}}.
// On CONNECTED the metadata adds phone, displayName, lastConnectedAt, qrCode:null, qrCodeExpiry:null,
// connectionAttempts:0.
struct StatusChange {
  InstanceStatus old_status;
  InstanceStatus new_status;
  WallTime timestamp{};
  std::optional<std::string> error{};
  Reason reason{};
  NextStep next_step{};
  // On CONNECTED only:
  std::string phone{};
  std::string display_name{};
};
std::string status_changed_data(const StatusChange& change);
// {qrText, expiry, attempt, maxAttempts}
std::string qr_generated_data(std::string_view qr_text, WallTime expiry, int attempt, int max_attempts);
// {pairCode, expiry}
std::string pair_code_data(std::string_view pair_code, WallTime expiry);
// {options, expiry}; `options_json` is an object.
std::string passkey_required_data(std::string_view options_json, WallTime expiry);
// {verificationCode, expiry}
std::string passkey_code_data(std::string_view verification_code, WallTime expiry);
// {phone, displayName}
std::string connected_data(std::string_view phone, std::string_view display_name);
// {reason, code}: reason is the sentence, code its code
std::string disconnected_data(const Reason& reason);
// {error, code}
std::string error_data(const Reason& reason);

// The QR text inside a stored kQrGenerated event; empty for every other type.
std::string qr_text_of(InstanceEventType type, std::string_view data);

// {"code":…,"text":…} and {"what":…,"text":…,"at":…|null}: the same objects in REST answers.
std::string reason_json(const Reason& reason);
std::string next_step_json(const NextStep& next_step);

}  // namespace patchbay::manager
