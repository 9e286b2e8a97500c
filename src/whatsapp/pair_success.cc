#include "whatsapp/pair_success.h"

#include "binary/jid.h"
#include "crypto/digest.h"
#include "proto/adv.pb.h"
#include "whatsapp/stanza.h"

namespace patchbay::whatsapp {
namespace {

using binary::Node;

constexpr std::string_view kAccountPrefix{"\x06\x00", 2};
constexpr std::string_view kDevicePrefix{"\x06\x01", 2};
constexpr std::string_view kHostedPrefix{"\x06\x05", 2};
constexpr size_t kMaxIdentityBytes = 8'192;
constexpr size_t kMaxNameBytes = 512;

PairOutcome refuse(const Node& iq, PairFault fault, std::string text) {
  const int code = fault == PairFault::kInternal ? 500 : 401;
  const std::string_view name = fault == PairFault::kHmac        ? "hmac-mismatch"
                                : fault == PairFault::kSignature ? "signature-mismatch"
                                                                 : "internal-error";
  return {.fault = fault, .text = std::move(text), .reply = error_for(iq, code, name)};
}

std::string name_in(const Node& parent, std::string_view tag) {
  const Node* const node = parent.child(tag);
  std::string name(node == nullptr ? std::string_view() : node->attribute("name").substr(0, kMaxNameBytes));
  return is_valid_utf8(name) ? name : std::string();
}

}  // namespace

PairOutcome accept_pair_success(const Node& iq, Credentials& credentials) {
  const auto internal = [&iq](std::string what) {
    return refuse(iq, PairFault::kInternal, "WhatsApp's confirmation of the pairing " + std::move(what));
  };
  const Node* const pair_success = iq.child("pair-success");
  if (pair_success == nullptr) return internal("is empty.");
  const std::string_view identity_bytes = pair_success->child_bytes("device-identity");
  proto::ADVSignedDeviceIdentityHMAC container;
  if (identity_bytes.empty() || identity_bytes.size() > kMaxIdentityBytes ||
      !container.ParseFromArray(identity_bytes.data(), static_cast<int>(identity_bytes.size())))
    return internal("cannot be read.");

  Bytes authenticated(container.account_type() == proto::HOSTED ? kHostedPrefix : std::string_view());
  authenticated += container.details();
  if (!equals_constant_time(crypto::hmac_sha256(crypto::view(credentials.adv_secret), authenticated),
                            container.hmac()))
    return refuse(iq, PairFault::kHmac,
                  "The phone's confirmation does not belong to the code that was shown.");

  proto::ADVSignedDeviceIdentity identity;
  proto::ADVDeviceIdentity details;
  if (!identity.ParseFromString(container.details()) || identity.details().empty() ||
      !details.ParseFromString(identity.details()))
    return internal("cannot be read.");
  const auto account_key = crypto::to_key(identity.account_signature_key());
  const std::string_view own_key = crypto::view(credentials.identity.public_key);
  Bytes signed_text(details.device_type() == proto::HOSTED ? kHostedPrefix : kAccountPrefix);
  signed_text.append(identity.details()).append(own_key);
  if (!account_key || !crypto::xeddsa_verify(*account_key, signed_text, identity.account_signature()))
    return refuse(iq, PairFault::kSignature, "The account's signature of this device is wrong.");

  const Node* const device = pair_success->child("device");
  const std::string jid(device == nullptr ? std::string_view() : device->attribute("jid"));
  const std::string lid(device == nullptr ? std::string_view() : device->attribute("lid"));
  if (!is_device_jid(jid, binary::kUserServer) || (!lid.empty() && !is_device_jid(lid, binary::kLidServer)))
    return internal("names no device.");

  const Bytes own_text =
      Bytes(kDevicePrefix).append(identity.details()).append(own_key).append(crypto::view(*account_key));
  identity.set_device_signature(
      Bytes(crypto::view(crypto::xeddsa_sign(credentials.identity.private_key, own_text))));
  const Bytes account = identity.SerializeAsString();
  identity.clear_account_signature_key();
  Node signed_identity = bytes_element("device-identity", identity.SerializeAsString());
  signed_identity.set("key-index", std::to_string(details.key_index()));
  auto reply = result_for(iq, {element("pair-device-sign", {}, {std::move(signed_identity)})});
  if (!reply) return internal("cannot be answered.");

  credentials.jid = jid;
  credentials.lid = lid;
  credentials.platform = name_in(*pair_success, "platform");
  credentials.business_name = name_in(*pair_success, "biz");
  credentials.account = account;
  return {.reply = std::move(reply)};
}

}  // namespace patchbay::whatsapp
