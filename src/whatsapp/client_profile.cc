#include "whatsapp/client_profile.h"

#include <algorithm>
#include <charconv>

#include <boost/json.hpp>

#include "base/bytes.h"

namespace patchbay::whatsapp {
namespace {

namespace json = boost::json;

constexpr size_t kMaxJsonBytes = 16'384;
constexpr size_t kMaxOsNameBytes = 60;
constexpr uint32_t kMostPrekeys = 2'000;
constexpr uint32_t kMostPrekeyDays = 3'650;
constexpr uint32_t kShortestQrMs = 100;
constexpr uint32_t kLongestQrMs = 600'000;

std::unexpected<Error> wrong(std::string_view field, const std::string& rule) {
  return fail(ErrorCode::kValidation,
              "The client profile's \"" + std::string(field) + "\" must be " + rule + ".");
}

std::optional<std::array<uint32_t, 3>> parse_version(std::string_view text) {
  std::array<uint32_t, 3> out{};
  const char* at = text.data();
  const char* const end = at + text.size();
  for (size_t i = 0; i < out.size(); ++i) {
    if (i > 0) {
      if (at == end || *at != '.') return std::nullopt;
      ++at;
    }
    const auto [next, error] = std::from_chars(at, end, out[i]);
    if (error != std::errc()) return std::nullopt;
    at = next;
  }
  if (at != end) return std::nullopt;
  return out;
}

Status read_text(const json::value& value, std::string_view field, size_t min, size_t max, std::string& out) {
  const json::string* const text = value.if_string();
  const bool good =
      text && text->size() >= min && text->size() <= max && is_valid_utf8(*text) &&
      std::ranges::all_of(*text, [](char c) { return static_cast<uint8_t>(c) >= 0x20 && c != 0x7f; });
  if (!good)
    return wrong(field, "a text of " + std::to_string(min) + " to " + std::to_string(max) +
                            " bytes without control characters");
  out.assign(text->begin(), text->end());
  return {};
}

Status read_letters(const json::value& value, std::string_view field, char first, char last,
                    std::string& out) {
  const json::string* const text = value.if_string();
  if (!text || text->size() != 2 ||
      !std::ranges::all_of(*text, [=](char c) { return c >= first && c <= last; }))
    return wrong(field, std::string("two letters from ") + first + " to " + last);
  out.assign(text->begin(), text->end());
  return {};
}

Status read_flag(const json::value& value, std::string_view field, bool& out) {
  if (!value.is_bool()) return wrong(field, "true or false");
  out = value.get_bool();
  return {};
}

Status read_number(const json::value& value, std::string_view field, uint32_t min, uint32_t max,
                   uint32_t& out) {
  const int64_t* const number = value.if_int64();
  if (!number || *number < min || *number > max)
    return wrong(field, "a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  out = static_cast<uint32_t>(*number);
  return {};
}

Status read_field(std::string_view name, const json::value& value, ClientProfile& out) {
  if (name == "version") {
    const json::string* const text = value.if_string();
    const auto version = text ? parse_version(*text) : std::nullopt;
    if (!version) return wrong(name, "three numbers, like \"2.3000.1045649367\"");
    out.version = *version;
    return {};
  }
  if (name == "osName") return read_text(value, name, 1, kMaxOsNameBytes, out.os_name);
  if (name == "browser") {
    const json::string* const text = value.if_string();
    if (!text || std::ranges::find(kBrowsers, std::string_view(*text)) == kBrowsers.end())
      return wrong(name, "one of Chrome, Edge, Firefox, IE, Opera, Safari, Desktop");
    out.browser.assign(text->begin(), text->end());
    return {};
  }
  if (name == "localeLanguage") return read_letters(value, name, 'a', 'z', out.locale_language);
  if (name == "localeCountry") return read_letters(value, name, 'A', 'Z', out.locale_country);
  if (name == "useNoiseIk") return read_flag(value, name, out.use_noise_ik);
  if (name == "fullHistory") return read_flag(value, name, out.full_history);
  if (name == "firstPrekeys") return read_number(value, name, 1, kMostPrekeys, out.first_prekeys);
  if (name == "lowPrekeys") return read_number(value, name, 1, kMostPrekeys, out.low_prekeys);
  if (name == "morePrekeys") return read_number(value, name, 1, kMostPrekeys, out.more_prekeys);
  if (name == "signedPrekeyDays") return read_number(value, name, 1, kMostPrekeyDays, out.signed_prekey_days);
  if (name == "firstQrMs") return read_number(value, name, kShortestQrMs, kLongestQrMs, out.first_qr_ms);
  if (name == "qrMs") return read_number(value, name, kShortestQrMs, kLongestQrMs, out.qr_ms);
  return fail(ErrorCode::kValidation,
              "The client profile has no field \"" + std::string(name.substr(0, 64)) + "\".");
}

}  // namespace

Result<ClientProfile> parse_client_profile(std::string_view text, const ClientProfile& base) {
  if (text.size() > kMaxJsonBytes)
    return fail(ErrorCode::kValidation, "The client profile is longer than 16,384 bytes.");
  boost::system::error_code error;
  const json::value document = json::parse(text, error);
  if (error || !document.is_object())
    return fail(ErrorCode::kValidation, "The client profile must be a JSON object.", error.message());
  ClientProfile out = base;
  for (const auto& [name, value] : document.get_object()) PB_TRY(read_field(name, value, out));
  return out;
}

std::string to_json(const ClientProfile& profile) {
  return json::serialize(json::object{{"version", version_text(profile)},
                                      {"osName", profile.os_name},
                                      {"browser", profile.browser},
                                      {"localeLanguage", profile.locale_language},
                                      {"localeCountry", profile.locale_country},
                                      {"useNoiseIk", profile.use_noise_ik},
                                      {"fullHistory", profile.full_history},
                                      {"firstPrekeys", profile.first_prekeys},
                                      {"lowPrekeys", profile.low_prekeys},
                                      {"morePrekeys", profile.more_prekeys},
                                      {"signedPrekeyDays", profile.signed_prekey_days},
                                      {"firstQrMs", profile.first_qr_ms},
                                      {"qrMs", profile.qr_ms}});
}

std::string version_text(const ClientProfile& profile) {
  const auto& [primary, secondary, tertiary] = profile.version;
  return std::to_string(primary) + "." + std::to_string(secondary) + "." + std::to_string(tertiary);
}

}  // namespace patchbay::whatsapp
