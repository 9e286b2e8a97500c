// One account on its way from one server to another: its credentials encrypted under a passphrase (argon2id,
// XChaCha20-Poly1305), under a header in the clear that says whose they are, all of it signed by the device's
// identity key. A changed or mixed-up bundle is refused before the passphrase is even tried. No I/O.
// Thread-safe functions; sealing and opening take some 100 ms and 64 MiB by design. The format, numbers
// big-endian:
//   "patchbay-session" | version (1) | header length (4) | header, JSON | sealed length (4) | sealed |
//   signature (64)
// The signature is over everything before it, and everything before `sealed` is its associated data.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "whatsapp/credentials.h"

namespace patchbay::whatsapp {

inline constexpr size_t kMaxBundleBytes = 2 * 1024 * 1024;
inline constexpr size_t kMinPassphraseBytes = 12;
inline constexpr size_t kMaxPassphraseBytes = 1'024;

// The digits of a linked account's number, without '+'; empty when it is not linked.
std::string phone_of(const Credentials& credentials);

// Readable by everybody who has the file.
struct BundleHeader {
  std::string instance_id;
  std::string instance_name;
  std::string jid;
  std::string phone;  // digits
  WallTime created_at{};
};

// `jid` and `phone` are taken from the credentials, which must be linked. kValidation: the passphrase is
// shorter or longer than allowed, or the instance is not linked.
Result<Bytes> seal_bundle(BundleHeader header, const Credentials& credentials, std::string_view passphrase);

// The header, whose signature was checked: that of the key in the bundle, so nobody has changed it since, but
// who made it is known only once the bundle is opened. kValidation says what is wrong.
Result<BundleHeader> read_bundle_header(std::string_view bundle);

struct OpenedBundle {
  BundleHeader header;
  Credentials credentials;
};
// kValidation too: the wrong passphrase, credentials of another account than the header says.
Result<OpenedBundle> open_bundle(std::string_view bundle, std::string_view passphrase);

}  // namespace patchbay::whatsapp
