// Internal to the module. Prekeys: making them, telling the server about them, comparing its copy with ours
// (docs/protocol/whatsapp.md, "Life after login"). An id is never used twice: a lost answer means that the
// same keys go up again, under the same ids. Randomness comes in. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "binary/node.h"
#include "whatsapp/credentials.h"
#include "whatsapp/randomness.h"

namespace patchbay::whatsapp {

SignedPrekey make_signed_prekey(const crypto::KeyPair& identity, uint32_t id);
// A new one in place of `credentials`' own, which stays as the previous one; ids begin anew after the last.
void rotate_signed_prekey(Credentials& credentials, WallTime now);
// <iq type="set" xmlns="encrypt"><rotate><skey/></rotate></iq>
binary::Node rotation_query(const SignedPrekey& prekey);

// Adds prekeys until `wanted` wait to be uploaded, at most as many as there are ids left; beyond kMaxPrekeys
// the oldest go. How many were added.
size_t add_prekeys(Credentials& credentials, uint32_t wanted, const Randomness& random);
// Those that the server has not confirmed. The view belongs to `credentials`.
std::span<const Prekey> unuploaded(const Credentials& credentials);
// 32 octets each: what has to be computed before prekeys are uploaded or compared; some 30 µs a key.
Bytes public_keys(std::span<const Prekey> prekeys);
// <iq type="set" xmlns="encrypt"> with everything that others need to write to this device. `public_keys` are
// those of `prekeys`.
binary::Node upload_query(const Credentials& credentials, std::span<const Prekey> prekeys,
                          std::string_view public_keys);
// The server confirmed everything up to `last_id`.
void confirm_upload(Credentials& credentials, uint32_t last_id);

binary::Node count_query();
// How many the server has left. kBadRequest when that is no such answer.
Result<uint64_t> read_count(const binary::Node& answer);

binary::Node digest_query();
// The server's copy, as it describes it.
struct KeyDigest {
  uint32_t registration_id = 0;
  Bytes identity;
  uint32_t signed_prekey_id = 0;
  Bytes signed_prekey;
  Bytes signed_prekey_signature;
  std::vector<uint32_t> prekey_ids;
  Bytes hash;  // the beginning of a SHA-1, as much as the server gives
};
// kBadRequest when that is no such answer; absent parts stay empty.
Result<KeyDigest> read_digest(const binary::Node& answer);
// Whether the server's copy is ours as far as ids and keys at hand say; cheap.
bool matches(const KeyDigest& digest, const Credentials& credentials);
// The listed prekeys of ours, in the server's order. Only after matches().
std::vector<Prekey> listed_prekeys(const KeyDigest& digest, const Credentials& credentials);
// Whether the hash is that of our keys: SHA-1 over identity ‖ signed prekey ‖ its signature ‖ each listed
// prekey. `public_keys` are those of listed_prekeys().
bool hash_matches(const KeyDigest& digest, const Credentials& credentials, std::string_view public_keys);
// After a mismatch: everything is uploaded anew, under ids that neither side has seen.
void start_anew(Credentials& credentials, const KeyDigest& digest);

}  // namespace patchbay::whatsapp
