#include "sandbox/registration.h"

#include <openssl/evp.h>

#include "crypto/xeddsa.h"
#include "proto/client_payload.pb.h"
#include "sandbox/stanza.h"

namespace patchbay::sandbox {
namespace {

constexpr std::string_view kIdentityKeyType("\x05", 1);
// 14 bits. The service gives out 1 to 16,380; common clients draw 0 once in a while, and get away with it.
constexpr uint32_t kMaxRegistrationId = 16'383;

std::unexpected<Error> malformed_payload(std::string what) {
  return fail(ErrorCode::kValidation, "client payload: " + std::move(what));
}

Bytes md5(std::string_view text) {
  Bytes digest(16, '\0');
  EVP_Q_digest(nullptr, "MD5", nullptr, text.data(), text.size(),
               reinterpret_cast<unsigned char*>(digest.data()), nullptr);
  return digest;
}

std::array<uint32_t, 3> version_of(const proto::ClientPayload& payload) {
  const auto& version = payload.user_agent().app_version();
  return {version.primary(), version.secondary(), version.tertiary()};
}

std::string_view name_of(proto::DeviceProps::PlatformType type) {
  switch (type) {
    case proto::DeviceProps::CHROME:
      return "Chrome";
    case proto::DeviceProps::FIREFOX:
      return "Firefox";
    case proto::DeviceProps::IE:
      return "IE";
    case proto::DeviceProps::OPERA:
      return "Opera";
    case proto::DeviceProps::SAFARI:
      return "Safari";
    case proto::DeviceProps::EDGE:
      return "Edge";
    case proto::DeviceProps::DESKTOP:
      return "Desktop";
    case proto::DeviceProps::ANDROID_PHONE:
      return "Android";
    case proto::DeviceProps::UWP:
      return "UWP";
    default:
      return "unknown";
  }
}

}  // namespace

bool check_signed_prekey(const crypto::Key32& identity, const SignedKey& key) {
  return crypto::xeddsa_verify(identity, Bytes(kIdentityKeyType) + Bytes(crypto::view(key.value)),
                               key.signature);
}

bool is_recent(const proto::ClientPayload& payload, const std::array<uint32_t, 3>& least) {
  return version_of(payload) >= least;
}

Status check_client_payload(const proto::ClientPayload& payload) {
  if (!payload.has_user_agent()) return malformed_payload("no userAgent");
  const auto& agent = payload.user_agent();
  if (!agent.has_platform()) return malformed_payload("no userAgent.platform");
  if (!agent.has_app_version() || agent.app_version().primary() == 0)
    return malformed_payload("no userAgent.appVersion");
  if (agent.platform() == proto::ClientPayload::UserAgent::WEB && !payload.has_web_info())
    return malformed_payload("a web client without webInfo");
  if (!payload.has_connect_type() || !payload.has_connect_reason())
    return malformed_payload("no connectType or connectReason");
  if (payload.has_device_pairing_data()) {
    if (payload.has_username() || payload.has_device())
      return malformed_payload("a registration with a username or device");
    if (payload.passive() || payload.pull())
      return malformed_payload("a registration that is passive or pulls");
    return {};
  }
  if (!payload.has_username() || payload.username() == 0)
    return malformed_payload("a login without username");
  if (!payload.has_device() || payload.device() == 0 || payload.device() > 0xffff)
    return malformed_payload("a login without the number of a companion device");
  return {};
}

Result<Registration> parse_registration(const proto::ClientPayload& payload) {
  const auto& data = payload.device_pairing_data();
  Registration result;
  const auto registration_id = from_big_endian(data.e_regid(), 4);
  if (!registration_id || *registration_id > kMaxRegistrationId)
    return malformed_payload("eRegid is not 4 bytes with a number up to " +
                             std::to_string(kMaxRegistrationId));
  result.registration_id = *registration_id;
  if (data.e_keytype() != kIdentityKeyType) return malformed_payload("eKeytype is not the byte 05");
  const auto identity = crypto::to_key(data.e_ident());
  const auto value = crypto::to_key(data.e_skey_val());
  const auto id = from_big_endian(data.e_skey_id(), 3);
  if (!identity) return malformed_payload("eIdent has not 32 bytes");
  if (!value) return malformed_payload("eSkeyVal has not 32 bytes");
  if (!id) return malformed_payload("eSkeyId has not 3 bytes");
  result.identity = *identity;
  result.signed_prekey = {.id = *id, .value = *value, .signature = data.e_skey_sig()};
  if (!check_signed_prekey(result.identity, result.signed_prekey))
    return malformed_payload("eSkeySig is no signature of the signed prekey by the identity key");
  const auto version = version_of(payload);
  if (data.build_hash() !=
      md5(std::to_string(version[0]) + "." + std::to_string(version[1]) + "." + std::to_string(version[2])))
    return malformed_payload("buildHash is not the MD5 of the version");
  proto::DeviceProps props;
  if (!data.has_device_props() || !props.ParseFromString(data.device_props()))
    return malformed_payload("deviceProps is no DeviceProps");
  if (props.os().empty() || props.os().size() > 100)
    return malformed_payload("deviceProps.os is empty or longer than 100 bytes");
  if (!props.has_platform_type()) return malformed_payload("deviceProps has no platformType");
  result.os = props.os();
  result.platform = name_of(props.platform_type());
  return result;
}

}  // namespace patchbay::sandbox
