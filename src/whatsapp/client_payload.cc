#include "whatsapp/client_payload.h"

#include <array>
#include <charconv>

#include "binary/jid.h"
#include "crypto/digest.h"
#include "proto/client_payload.pb.h"
#include "whatsapp/key_encoding.h"

namespace patchbay::whatsapp {
namespace {

using proto::ClientPayload;
using proto::DeviceProps;

struct Browser {
  std::string_view name;
  std::string_view client_type;
  DeviceProps::PlatformType platform;
};
constexpr std::array<Browser, 7> kKnown{{
    {"Chrome", "1", DeviceProps::CHROME},
    {"Edge", "2", DeviceProps::EDGE},
    {"Firefox", "3", DeviceProps::FIREFOX},
    {"IE", "4", DeviceProps::IE},
    {"Opera", "5", DeviceProps::OPERA},
    {"Safari", "6", DeviceProps::SAFARI},
    {"Desktop", "7", DeviceProps::DESKTOP},
}};
constexpr Browser kUnknown{"", "0", DeviceProps::UNKNOWN};

const Browser& browser_of(const ClientProfile& profile) {
  for (const Browser& browser : kKnown)
    if (browser.name == profile.browser) return browser;
  return kUnknown;
}

void put_version(ClientPayload::UserAgent::AppVersion& out, const ClientProfile& profile) {
  out.set_primary(profile.version[0]);
  out.set_secondary(profile.version[1]);
  out.set_tertiary(profile.version[2]);
}

ClientPayload common(const ClientProfile& profile) {
  ClientPayload out;
  ClientPayload::UserAgent& agent = *out.mutable_user_agent();
  agent.set_platform(ClientPayload::UserAgent::WEB);
  agent.set_release_channel(ClientPayload::UserAgent::RELEASE);
  put_version(*agent.mutable_app_version(), profile);
  agent.set_mcc("000");
  agent.set_mnc("000");
  agent.set_os_version("0.1");
  agent.set_manufacturer("");
  agent.set_device("Desktop");
  agent.set_os_build_number("0.1");
  agent.set_locale_language(profile.locale_language);
  agent.set_locale_country(profile.locale_country);
  out.mutable_web_info()->set_web_sub_platform(ClientPayload::WebInfo::WEB_BROWSER);
  out.set_connect_type(ClientPayload::WIFI_UNKNOWN);
  out.set_connect_reason(ClientPayload::USER_ACTIVATED);
  return out;
}

Bytes device_props(const ClientProfile& profile, bool full_history) {
  DeviceProps out;
  out.set_os(profile.os_name);
  out.mutable_version()->set_primary(0);
  out.mutable_version()->set_secondary(1);
  out.mutable_version()->set_tertiary(0);
  out.set_platform_type(browser_of(profile).platform);
  out.set_require_full_sync(full_history);
  DeviceProps::HistorySyncConfig& history = *out.mutable_history_sync_config();
  history.set_storage_quota_mb(10'240);
  history.set_inline_initial_payload_in_e2ee_msg(true);
  return out.SerializeAsString();
}

}  // namespace

Bytes registration_payload(const Credentials& credentials, const ClientProfile& profile, bool full_history) {
  ClientPayload out = common(profile);
  out.set_passive(false);
  out.set_pull(false);
  ClientPayload::DevicePairingRegistrationData& data = *out.mutable_device_pairing_data();
  data.set_e_regid(big_endian(credentials.registration_id, 4));
  data.set_e_keytype(Bytes(1, kCurveKeyType));
  data.set_e_ident(Bytes(crypto::view(credentials.identity.public_key)));
  data.set_e_skey_id(big_endian(credentials.signed_prekey.id, 3));
  data.set_e_skey_val(Bytes(crypto::view(credentials.signed_prekey.pair.public_key)));
  data.set_e_skey_sig(Bytes(crypto::view(credentials.signed_prekey.signature)));
  data.set_build_hash(crypto::md5(version_text(profile)));
  data.set_device_props(device_props(profile, full_history));
  return out.SerializeAsString();
}

Bytes login_payload(const Credentials& credentials, const ClientProfile& profile) {
  ClientPayload out = common(profile);
  const auto jid = binary::parse_jid(credentials.jid);
  uint64_t number = 0;
  if (jid) std::from_chars(jid->user.data(), jid->user.data() + jid->user.size(), number);
  out.set_username(number);
  out.set_device(jid ? jid->device : 0);
  out.set_passive(true);
  out.set_pull(true);
  out.set_lid_db_migrated(true);
  out.set_lc(1);
  return out.SerializeAsString();
}

std::string client_type(const ClientProfile& profile) {
  return std::string(browser_of(profile).client_type);
}

int platform_type(const ClientProfile& profile) {
  return browser_of(profile).platform;
}

}  // namespace patchbay::whatsapp
