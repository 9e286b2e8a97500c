#include "manager/instance_settings.h"

#include <algorithm>
#include <array>

#include <boost/json.hpp>

namespace patchbay::manager {
namespace {

namespace json = boost::json;

constexpr size_t kMaxBytes = 4'096;
constexpr int kKeepAlivesPerLife = 3;

struct NumberField {
  std::string_view name;
  int InstanceSettings::* member;
  int min;
  int max;
};
constexpr std::array<NumberField, 3> kNumbers{{
    {"defaultQueryTimeoutMs", &InstanceSettings::default_query_timeout_ms, 10'000, 120'000},
    {"connectTimeoutMs", &InstanceSettings::connect_timeout_ms, 10'000, 120'000},
    {"keepAliveIntervalMs", &InstanceSettings::keep_alive_interval_ms, 10'000, 60'000},
}};
struct FlagField {
  std::string_view name;
  bool InstanceSettings::* member;
};
constexpr std::array<FlagField, 3> kSettingFlags{{
    {"autoReconnect", &InstanceSettings::auto_reconnect},
    {"markOnlineOnConnect", &InstanceSettings::mark_online_on_connect},
    {"syncFullHistory", &InstanceSettings::sync_full_history},
}};

std::unexpected<Error> invalid(std::string text) {
  return fail(ErrorCode::kValidation, std::move(text));
}

std::unexpected<Error> out_of_range(const NumberField& field) {
  return invalid("settings." + std::string(field.name) + " must be a whole number between " +
                 std::to_string(field.min) + " and " + std::to_string(field.max) + ".");
}

bool in_range(const NumberField& field, int64_t value) {
  return value >= field.min && value <= field.max;
}

bool is_known(std::string_view name) {
  return std::ranges::any_of(kNumbers, [&](const auto& field) { return field.name == name; }) ||
         std::ranges::any_of(kSettingFlags, [&](const auto& field) { return field.name == name; });
}

// Sets one field, unless its name is unknown; the error says what is wrong with it.
Status set(InstanceSettings& settings, std::string_view name, const json::value& value) {
  for (const NumberField& field : kNumbers) {
    if (field.name != name) continue;
    boost::system::error_code error;
    const auto number = value.to_number<int64_t>(error);
    if (error || !in_range(field, number)) return out_of_range(field);
    settings.*field.member = static_cast<int>(number);
    return {};
  }
  for (const FlagField& field : kSettingFlags) {
    if (field.name != name) continue;
    if (!value.is_bool()) return invalid("settings." + std::string(name) + " must be true or false.");
    settings.*field.member = value.as_bool();
    return {};
  }
  return {};
}

}  // namespace

Status check_settings(const InstanceSettings& settings) {
  for (const NumberField& field : kNumbers)
    if (!in_range(field, settings.*field.member)) return out_of_range(field);
  return {};
}

Result<std::string> clean_settings_json(std::string_view text) {
  if (text.size() > kMaxBytes) return invalid("settings is longer than 4096 bytes.");
  boost::system::error_code error;
  const json::value parsed = json::parse(text, error);
  if (error || !parsed.is_object()) return invalid("settings must be a JSON object.");
  InstanceSettings settings;
  json::object known;
  for (const auto& [name, value] : parsed.as_object()) {
    if (!is_known(name)) continue;
    PB_TRY(set(settings, name, value));
    known[name] = value;
  }
  return json::serialize(known);
}

InstanceSettings settings_from_json(std::string_view text) {
  InstanceSettings settings;
  boost::system::error_code error;
  const json::value parsed = json::parse(text, error);
  if (error || !parsed.is_object()) return settings;
  for (const auto& [name, value] : parsed.as_object()) (void)set(settings, name, value);
  return settings;
}

std::string settings_to_json(const InstanceSettings& settings) {
  json::object out;
  for (const FlagField& field : kSettingFlags) out[field.name] = settings.*field.member;
  for (const NumberField& field : kNumbers) out[field.name] = settings.*field.member;
  return json::serialize(out);
}

whatsapp::SessionSettings session_settings(const InstanceSettings& settings) {
  return {.connect_timeout = Milliseconds(settings.connect_timeout_ms),
          .query_timeout = Milliseconds(settings.default_query_timeout_ms),
          .keep_alive_interval = Milliseconds(settings.keep_alive_interval_ms),
          .mark_online_on_connect = settings.mark_online_on_connect,
          .sync_full_history = settings.sync_full_history};
}

void apply_settings(const InstanceSettings& settings, MachineOptions& machine) {
  machine.connect_timeout = Milliseconds(settings.connect_timeout_ms);
  machine.liveness_timeout = Milliseconds(settings.keep_alive_interval_ms) * kKeepAlivesPerLife;
  machine.auto_reconnect = settings.auto_reconnect;
}

}  // namespace patchbay::manager
