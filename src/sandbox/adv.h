// How a phone vouches for a companion device (ADV): what it signs, and what it expects signed back. The
// messages' layouts are those of docs/protocol/whatsapp.md, pairing. Pure functions but for the signatures'
// randomness; any thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/curve25519.h"

namespace patchbay::sandbox {

struct DeviceVoucher {
  Bytes wire;     // a serialized ADVSignedDeviceIdentityHMAC: content of <device-identity> in pair-success
  Bytes details;  // the serialized ADVDeviceIdentity in it
  Bytes account_signature;
};

DeviceVoucher vouch_for_device(const crypto::KeyPair& account, uint32_t raw_id, uint32_t key_index,
                               WallTime now, const crypto::Key32& device_identity,
                               std::string_view adv_secret);

// The device's answer: an ADVSignedDeviceIdentity without the account's key. The whole one, all four fields,
// or what is wrong with it (kAuthentication: a signature; kBadRequest: the rest).
Result<Bytes> complete_device_identity(std::string_view answer, const DeviceVoucher& voucher,
                                       const crypto::Key32& account, const crypto::Key32& device_identity);

// A serialized ADVSignedKeyIndexList: which key indexes of the account are in use.
Bytes sign_key_index_list(const crypto::KeyPair& account, uint32_t raw_id, uint32_t current_index,
                          const std::vector<uint32_t>& valid_indexes, WallTime now);

// What the signatures are over.
Bytes account_signature_message(std::string_view details, const crypto::Key32& device_identity);
Bytes device_signature_message(std::string_view details, const crypto::Key32& device_identity,
                               const crypto::Key32& account);

}  // namespace patchbay::sandbox
