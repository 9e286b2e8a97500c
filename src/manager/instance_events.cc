#include "manager/instance_events.h"

#include <array>
#include <utility>

#include <boost/json.hpp>

namespace patchbay::manager {
namespace {

namespace json = boost::json;

constexpr std::array<std::pair<InstanceEventType, std::string_view>, 8> kNames{{
    {InstanceEventType::kStatusChanged, "instance:status:changed"},
    {InstanceEventType::kQrGenerated, "instance:qr:generated"},
    {InstanceEventType::kPairCodeGenerated, "instance:pair-code:generated"},
    {InstanceEventType::kPasskeyRequired, "instance:passkey:required"},
    {InstanceEventType::kPasskeyCode, "instance:passkey:code"},
    {InstanceEventType::kConnected, "instance:connected"},
    {InstanceEventType::kDisconnected, "instance:disconnected"},
    {InstanceEventType::kError, "instance:error"},
}};

json::value or_null(const std::optional<std::string>& text) {
  return text ? json::value(*text) : json::value(nullptr);
}
json::value or_null(const std::optional<WallTime>& time) {
  return time ? json::value(to_iso8601(*time)) : json::value(nullptr);
}
json::object to_json(const Reason& reason) {
  return {{"code", reason.code}, {"text", reason.text}};
}
json::object to_json(const NextStep& step) {
  return {{"what", to_string(step.what)}, {"text", step.text}, {"at", or_null(step.at)}};
}

}  // namespace

std::string_view to_string(InstanceEventType type) {
  for (const auto& [known, name] : kNames)
    if (known == type) return name;
  return "instance:unknown";
}

std::optional<InstanceEventType> parse_instance_event_type(std::string_view name) {
  for (const auto& [type, known] : kNames)
    if (known == name) return type;
  return std::nullopt;
}

bool is_linking(InstanceEventType type) {
  return type == InstanceEventType::kQrGenerated || type == InstanceEventType::kPairCodeGenerated ||
         type == InstanceEventType::kPasskeyRequired || type == InstanceEventType::kPasskeyCode;
}

std::string payload(const InstanceEvent& event, std::string_view qr_code) {
  std::string out = "{\"instanceId\":";
  out += json::serialize(json::string_view(event.instance_id));
  out += ",\"timestamp\":\"" + to_iso8601(event.timestamp) + "\",\"seq\":" + std::to_string(event.seq);
  if (event.type == InstanceEventType::kQrGenerated && !qr_code.empty())
    out += ",\"qrCode\":" + json::serialize(json::string_view(qr_code));
  // `data` is an object: its members follow ours.
  const std::string_view data = event.data;
  if (data.size() > 2)
    out.append(",").append(data.substr(1));
  else
    out += "}";
  return out;
}

std::string status_changed_data(const StatusChange& change) {
  json::object metadata{{"error", or_null(change.error)}, {"timestamp", to_iso8601(change.timestamp)}};
  if (change.new_status == InstanceStatus::kConnected) {
    metadata["phone"] = change.phone;
    metadata["displayName"] = change.display_name;
    metadata["lastConnectedAt"] = to_iso8601(change.timestamp);
    metadata["qrCode"] = nullptr;
    metadata["qrCodeExpiry"] = nullptr;
    metadata["connectionAttempts"] = 0;
  }
  return json::serialize(json::object{{"newStatus", to_string(change.new_status)},
                                      {"oldStatus", to_string(change.old_status)},
                                      {"metadata", std::move(metadata)},
                                      {"reason", to_json(change.reason)},
                                      {"nextStep", to_json(change.next_step)}});
}

std::string qr_generated_data(std::string_view qr_text, WallTime expiry, int attempt, int max_attempts) {
  return json::serialize(json::object{{"qrText", qr_text},
                                      {"expiry", to_iso8601(expiry)},
                                      {"attempt", attempt},
                                      {"maxAttempts", max_attempts}});
}

std::string pair_code_data(std::string_view pair_code, WallTime expiry) {
  return json::serialize(json::object{{"pairCode", pair_code}, {"expiry", to_iso8601(expiry)}});
}

std::string passkey_required_data(std::string_view options_json, WallTime expiry) {
  boost::system::error_code error;
  json::value options = json::parse(options_json, error);
  if (error) options = nullptr;
  return json::serialize(json::object{{"options", std::move(options)}, {"expiry", to_iso8601(expiry)}});
}

std::string passkey_code_data(std::string_view verification_code, WallTime expiry) {
  return json::serialize(
      json::object{{"verificationCode", verification_code}, {"expiry", to_iso8601(expiry)}});
}

std::string connected_data(std::string_view phone, std::string_view display_name) {
  return json::serialize(json::object{{"phone", phone}, {"displayName", display_name}});
}

std::string disconnected_data(const Reason& reason) {
  return json::serialize(json::object{{"reason", reason.text}, {"code", reason.code}});
}

std::string error_data(const Reason& reason) {
  return json::serialize(json::object{{"error", reason.text}, {"code", reason.code}});
}

std::string reason_json(const Reason& reason) {
  return json::serialize(to_json(reason));
}
std::string next_step_json(const NextStep& next_step) {
  return json::serialize(to_json(next_step));
}

std::string qr_text_of(InstanceEventType type, std::string_view data) {
  if (type != InstanceEventType::kQrGenerated) return {};
  boost::system::error_code error;
  const json::value parsed = json::parse(data, error);
  if (error || !parsed.is_object()) return {};
  const json::value* text = parsed.as_object().if_contains("qrText");
  return text && text->is_string() ? std::string(text->as_string()) : std::string();
}

}  // namespace patchbay::manager
