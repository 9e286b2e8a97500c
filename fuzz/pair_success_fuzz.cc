// deps: whatsapp
// Whatever a server puts into <pair-success>, with and without the checks on the way that only the phone can
// pass: credentials change only when all of them passed, and what is kept can be read again.
#include <cstdint>
#include <cstdlib>

#include "crypto/digest.h"
#include "proto/adv.pb.h"
#include "whatsapp/pair_success.h"
#include "whatsapp/stanza.h"

using namespace patchbay;
using namespace patchbay::whatsapp;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Credentials fresh = make_credentials();
  static const crypto::KeyPair account = crypto::make_key_pair();
  if (size < 2) return 0;
  const uint8_t flags = data[0];
  const size_t jid_size = data[1] % 64;
  std::string_view input(reinterpret_cast<const char*>(data + 2), size - 2);
  const std::string jid(input.substr(0, jid_size));
  input.remove_prefix(std::min(jid_size, input.size()));

  Bytes identity(input);
  bool honest = false;
  if (flags & 1) {
    // The phone's part done right around arbitrary details.
    proto::ADVSignedDeviceIdentity record;
    record.set_details(identity);
    record.set_account_signature_key(Bytes(crypto::view(account.public_key)));
    const Bytes text =
        Bytes(flags & 2 ? std::string_view("\x06\x05", 2) : std::string_view("\x06\x00", 2)) + identity;
    record.set_account_signature(Bytes(crypto::view(
        crypto::xeddsa_sign(account.private_key, text + Bytes(crypto::view(fresh.identity.public_key))))));
    identity = record.SerializeAsString();
    honest = true;
  }
  if (flags & 4) {
    proto::ADVSignedDeviceIdentityHMAC container;
    container.set_details(identity);
    container.set_hmac(crypto::hmac_sha256(crypto::view(fresh.adv_secret), identity));
    identity = container.SerializeAsString();
  } else {
    honest = false;
  }

  Credentials credentials = fresh;
  binary::Node device = element("device", {{"jid", flags & 8 ? "15551234567:1@s.whatsapp.net" : jid}});
  if (flags & 16) device.set("lid", jid);
  const binary::Node iq =
      element("iq", {{"id", "1"}},
              {element("pair-success", {}, {bytes_element("device-identity", identity), device})});
  const PairOutcome outcome = accept_pair_success(iq, credentials);
  if (!outcome.reply) abort();
  if (outcome.fault != PairFault::kNone) {
    if (credentials.is_linked() || outcome.text.empty()) abort();
    return 0;
  }
  if (!honest || !credentials.is_linked() || !parse_credentials(serialize(credentials))) abort();
  return 0;
}
