#include "noise/handshake.h"

#include <cstdio>
#include <cstdlib>

#include "noise/handshake_internal.h"

namespace patchbay::noise {
namespace {

// In front of kIntro when there is routing information: "ED", 0, 1, then its length in 3 octets.
constexpr std::string_view kRoutingIntro{"ED\0\1", 4};

std::string sentence(std::string_view what) {
  return "The handshake failed: " + std::string(what) + ".";
}

}  // namespace

Bytes intro_header(std::string_view routing_info) {
  Bytes out;
  if (!routing_info.empty() && routing_info.size() <= kMaxRoutingInfoBytes) {
    out.append(kRoutingIntro);
    for (const int shift : {16, 8, 0}) out.push_back(static_cast<char>(routing_info.size() >> shift));
    out.append(routing_info);
  }
  out.append(kIntro);
  return out;
}

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "noise/handshake: %s\n", what);
  std::abort();
}

std::unexpected<Error> bad_request(std::string_view what) {
  return fail(ErrorCode::kBadRequest, sentence(what));
}

std::unexpected<Error> not_authentic(std::string_view what) {
  return fail(ErrorCode::kAuthentication, sentence(what));
}

std::unexpected<Error> small_order(std::string_view whose) {
  return not_authentic(std::string(whose) + " is a point of small order");
}

std::unexpected<Error> wrong_tag(std::string_view what) {
  return not_authentic(std::string(what) + " cannot be decrypted");
}

Result<proto::HandshakeMessage> parse_handshake(std::string_view message) {
  if (message.size() > kMaxHandshakeBytes)
    return fail(ErrorCode::kPayloadTooLarge,
                sentence("a message of " + std::to_string(message.size()) + " bytes; the limit is " +
                         std::to_string(kMaxHandshakeBytes)));
  proto::HandshakeMessage parsed;
  if (!parsed.ParseFromArray(message.data(), static_cast<int>(message.size())))
    return bad_request("what came is no handshake message");
  return parsed;
}

}  // namespace patchbay::noise
