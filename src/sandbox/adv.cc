#include "sandbox/adv.h"

#include "crypto/digest.h"
#include "crypto/xeddsa.h"
#include "proto/adv.pb.h"

namespace patchbay::sandbox {
namespace {

Bytes concatenate(std::string_view prefix, std::string_view details, const crypto::Key32& identity) {
  Bytes message(prefix);
  message += details;
  message += crypto::view(identity);
  return message;
}

uint64_t unix_seconds(WallTime time) {
  return static_cast<uint64_t>(to_unix_ms(time) / 1'000);
}

}  // namespace

Bytes account_signature_message(std::string_view details, const crypto::Key32& device_identity) {
  return concatenate(std::string_view("\x06\x00", 2), details, device_identity);
}

Bytes device_signature_message(std::string_view details, const crypto::Key32& device_identity,
                               const crypto::Key32& account) {
  Bytes message = concatenate("\x06\x01", details, device_identity);
  message += crypto::view(account);
  return message;
}

DeviceVoucher vouch_for_device(const crypto::KeyPair& account, uint32_t raw_id, uint32_t key_index,
                               WallTime now, const crypto::Key32& device_identity,
                               std::string_view adv_secret) {
  proto::ADVDeviceIdentity identity;
  identity.set_raw_id(raw_id);
  identity.set_timestamp(unix_seconds(now));
  identity.set_key_index(key_index);
  identity.set_account_type(proto::E2EE);
  identity.set_device_type(proto::E2EE);
  DeviceVoucher voucher;
  voucher.details = identity.SerializeAsString();
  voucher.account_signature = Bytes(crypto::view(
      crypto::xeddsa_sign(account.private_key, account_signature_message(voucher.details, device_identity))));

  proto::ADVSignedDeviceIdentity signed_identity;
  signed_identity.set_details(voucher.details);
  signed_identity.set_account_signature_key(Bytes(crypto::view(account.public_key)));
  signed_identity.set_account_signature(voucher.account_signature);

  proto::ADVSignedDeviceIdentityHMAC sealed;
  sealed.set_details(signed_identity.SerializeAsString());
  sealed.set_hmac(crypto::hmac_sha256(adv_secret, sealed.details()));
  sealed.set_account_type(proto::E2EE);
  voucher.wire = sealed.SerializeAsString();
  return voucher;
}

Result<Bytes> complete_device_identity(std::string_view answer, const DeviceVoucher& voucher,
                                       const crypto::Key32& account, const crypto::Key32& device_identity) {
  proto::ADVSignedDeviceIdentity signed_identity;
  if (!signed_identity.ParseFromString(std::string(answer)))
    return fail(ErrorCode::kBadRequest, "the device-identity is no ADVSignedDeviceIdentity");
  if (signed_identity.has_account_signature_key())
    return fail(ErrorCode::kBadRequest, "the device-identity repeats the account's signature key");
  if (signed_identity.details() != voucher.details)
    return fail(ErrorCode::kBadRequest, "the device-identity has other details than those that were signed");
  if (signed_identity.account_signature() != voucher.account_signature)
    return fail(ErrorCode::kBadRequest, "the device-identity has another account signature");
  if (!crypto::xeddsa_verify(device_identity,
                             device_signature_message(voucher.details, device_identity, account),
                             signed_identity.device_signature()))
    return fail(ErrorCode::kAuthentication, "the device signature does not verify");
  signed_identity.set_account_signature_key(Bytes(crypto::view(account)));
  return signed_identity.SerializeAsString();
}

Bytes sign_key_index_list(const crypto::KeyPair& account, uint32_t raw_id, uint32_t current_index,
                          const std::vector<uint32_t>& valid_indexes, WallTime now) {
  proto::ADVKeyIndexList list;
  list.set_raw_id(raw_id);
  list.set_timestamp(unix_seconds(now));
  list.set_current_index(current_index);
  for (const uint32_t index : valid_indexes) list.add_valid_indexes(index);
  list.set_account_type(proto::E2EE);
  proto::ADVSignedKeyIndexList signed_list;
  signed_list.set_details(list.SerializeAsString());
  signed_list.set_account_signature(Bytes(crypto::view(
      crypto::xeddsa_sign(account.private_key, std::string("\x06\x02") + signed_list.details()))));
  signed_list.set_account_signature_key(Bytes(crypto::view(account.public_key)));
  return signed_list.SerializeAsString();
}

}  // namespace patchbay::sandbox
