// What both ends of a handshake share beside the symmetric state: names, errors, reading a message. Internal
// to the module. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/curve25519.h"
#include "proto/handshake.pb.h"

namespace patchbay::noise {

inline constexpr std::string_view kXxName = "Noise_XX_25519_AESGCM_SHA256";
inline constexpr std::string_view kIkName = "Noise_IK_25519_AESGCM_SHA256";
inline constexpr std::string_view kXxFallbackName = "Noise_XXfallback_25519_AESGCM_SHA256";

// For defects of the caller: ends the process unless `holds`.
void require(bool holds, const char* what);

// "The handshake failed: <what>."
std::unexpected<Error> bad_request(std::string_view what);
std::unexpected<Error> not_authentic(std::string_view what);
// kAuthentication: `whose` key is a point of small order; `what` cannot be decrypted.
std::unexpected<Error> small_order(std::string_view whose);
std::unexpected<Error> wrong_tag(std::string_view what);

// kPayloadTooLarge past kMaxHandshakeBytes, kBadRequest when it is no protobuf message.
Result<proto::HandshakeMessage> parse_handshake(std::string_view message);

inline std::string to_octets(const crypto::Key32& key) {
  return std::string(crypto::view(key));
}

}  // namespace patchbay::noise
