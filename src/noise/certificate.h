// The certificate chain with which a server proves its static key: root, intermediate, leaf, each signed with
// XEdDSA by the one above (docs/protocol/whatsapp.md). Pure functions; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/curve25519.h"

namespace patchbay::noise {

// WhatsApp's own root, "WhatsAppLongTerm1". Whoever trusts another one (the sandbox) says so in a log.
extern const crypto::Key32 kWhatsAppRoot;
inline constexpr uint32_t kRootSerial = 0;
inline constexpr size_t kMaxCertificateChainBytes = 16'384;

// `chain` is the serialized CertChain of the handshake; `server_static` the key it has to prove. All six
// checks: both signatures, both issuer serials, the leaf's key, both validities at `now` (whole seconds, both
// ends included). kAuthentication says which failed.
Status verify_certificate_chain(std::string_view chain, const crypto::Key32& server_static,
                                const crypto::Key32& root, WallTime now);

// The other side, for servers of one's own: a chain under `root` for `server_static`.
struct CertificateOptions {
  uint32_t intermediate_serial = 1;
  uint32_t leaf_serial = 2;
  WallTime not_before{};
  WallTime not_after{};
};
Bytes issue_certificate_chain(const crypto::KeyPair& root, const crypto::KeyPair& intermediate,
                              const crypto::Key32& server_static, const CertificateOptions& options);

}  // namespace patchbay::noise
