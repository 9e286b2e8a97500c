// What makes a device of an account: its keys, the account's signature of them, its prekeys. Everything in
// here is a secret or close to one. A value; any thread. How it is kept: serialize() gives one versioned
// record that the store encrypts; an instance that was never linked has none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/curve25519.h"
#include "crypto/xeddsa.h"

namespace patchbay::whatsapp {

inline constexpr uint32_t kMaxRegistrationId = 16'380;
inline constexpr uint32_t kMaxPrekeyId = 0xff'ffff;
// More are not kept: the oldest go.
inline constexpr size_t kMaxPrekeys = 5'000;
inline constexpr size_t kMaxRoutingInfoBytes = 1'024;

struct SignedPrekey {
  uint32_t id = 1;  // 24 bits
  crypto::KeyPair pair{};
  crypto::Signature signature{};  // by the identity key, over 05 ‖ public key
};

struct Prekey {
  uint32_t id = 0;  // 24 bits, never used twice by one identity
  crypto::Key32 private_key{};
};

struct Credentials {
  crypto::KeyPair noise{};
  crypto::KeyPair identity{};
  uint32_t registration_id = 0;  // 1 … 16,380; Baileys, whose devices can be taken over, gives out 0 too
  SignedPrekey signed_prekey{};
  crypto::Key32 adv_secret{};

  // --- Of the account; empty until the pairing succeeded ---
  std::string jid;  // "15551234567:12@s.whatsapp.net"
  std::string lid;  // "…:12@lid"; may stay empty
  std::string platform;
  std::string business_name;
  std::string push_name;
  Bytes account;  // the serialized ADVSignedDeviceIdentity, all four fields

  // --- Prekeys ---
  std::vector<Prekey> prekeys{};     // not known to be used up, ascending id
  uint32_t next_prekey_id = 1;       // ids below it were given out at some time
  uint32_t first_unuploaded_id = 1;  // ids from here on the server has not confirmed

  // --- Rotation of the signed prekey ---
  int64_t signed_prekey_made_at = 0;    // seconds since 1970; 0: not known
  bool signed_prekey_confirmed = true;  // false: WhatsApp has yet to say that it took the new one
  // The one before: messages that are under way were encrypted to it.
  std::optional<SignedPrekey> previous_signed_prekey{};

  // --- Learned from the server ---
  Bytes routing_info;                            // for the intro header
  std::optional<crypto::Key32> server_static{};  // for IK

  bool is_linked() const { return !jid.empty(); }
};

// True for the JID of a linked device on `server`: user of digits, device above 0.
bool is_device_jid(std::string_view text, std::string_view server);

// A new, unlinked identity from the kernel's CSPRNG.
Credentials make_credentials();

// At most 1 MiB.
Bytes serialize(const Credentials& credentials);
// kDatabase when the record is damaged, incomplete, contradicts itself (a public key that does not belong to
// its private key) or was written by a newer version; says which, without a secret.
Result<Credentials> parse_credentials(std::string_view record);

}  // namespace patchbay::whatsapp
