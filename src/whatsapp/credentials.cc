#include "whatsapp/credentials.h"

#include <algorithm>
#include <limits>

#include "base/ids.h"
#include "binary/jid.h"
#include "proto/adv.pb.h"
#include "proto/credentials.pb.h"
#include "whatsapp/key_encoding.h"
#include "whatsapp/prekeys.h"

namespace patchbay::whatsapp {
namespace {

constexpr uint32_t kRecordVersion = 1;
constexpr size_t kMaxRecordBytes = 1u << 20;
constexpr size_t kMaxTextBytes = 1'024;
constexpr size_t kPrekeyBytes = 35;

Error damaged(std::string what) {
  return {ErrorCode::kDatabase, "The stored credentials cannot be used: " + std::move(what) + ".", {}};
}

void put(proto::CredentialsRecord::KeyPair& out, const crypto::KeyPair& pair) {
  out.set_private_key(Bytes(crypto::view(pair.private_key)));
  out.set_public_key(Bytes(crypto::view(pair.public_key)));
}

Result<crypto::KeyPair> read_pair(const proto::CredentialsRecord::KeyPair& record, const char* name) {
  const auto private_key = crypto::to_key(record.private_key());
  const auto public_key = crypto::to_key(record.public_key());
  if (!private_key || !public_key)
    return std::unexpected(damaged(std::string("the ") + name + " key is incomplete"));
  const crypto::KeyPair pair = crypto::key_pair_from_private(*private_key);
  if (pair.public_key != *public_key)
    return std::unexpected(
        damaged(std::string("the two halves of the ") + name + " key do not belong together"));
  return pair;
}

Result<SignedPrekey> read_signed_prekey(uint32_t id, const proto::CredentialsRecord::KeyPair& pair,
                                        std::string_view signature, const crypto::Key32& identity) {
  SignedPrekey out{.id = id};
  PB_ASSIGN(out.pair, read_pair(pair, "signed prekey's"));
  if (id == 0 || id > kMaxPrekeyId) return std::unexpected(damaged("the signed prekey's id is out of range"));
  if (!crypto::xeddsa_verify(identity, key_with_type(out.pair.public_key), signature))
    return std::unexpected(damaged("the signed prekey's signature is not the identity's"));
  std::ranges::copy(signature, out.signature.begin());
  return out;
}

Status read_prekeys(std::string_view packed, Credentials& out) {
  if (packed.size() % kPrekeyBytes != 0 || packed.size() / kPrekeyBytes > kMaxPrekeys)
    return std::unexpected(damaged("the list of prekeys is damaged"));
  out.prekeys.reserve(packed.size() / kPrekeyBytes);
  uint32_t last = 0;
  for (; !packed.empty(); packed.remove_prefix(kPrekeyBytes)) {
    const uint32_t id = static_cast<uint32_t>(read_big_endian(packed.substr(0, 3)));
    if (id <= last || id >= out.next_prekey_id)
      return std::unexpected(damaged("the ids of the prekeys are out of order"));
    last = id;
    out.prekeys.push_back({.id = id, .private_key = *crypto::to_key(packed.substr(3, 32))});
  }
  return {};
}

Status check_account(const Credentials& it) {
  if (it.jid.empty()) {
    if (!it.account.empty() || !it.lid.empty()) return std::unexpected(damaged("it names no account"));
    return {};
  }
  if (!is_device_jid(it.jid, binary::kUserServer))
    return std::unexpected(damaged("the account's id is none"));
  if (!it.lid.empty() && !is_device_jid(it.lid, binary::kLidServer))
    return std::unexpected(damaged("the account's hidden id is none"));
  proto::ADVSignedDeviceIdentity account;
  if (!account.ParseFromString(it.account) || account.details().empty() ||
      account.account_signature_key().size() != 32 || account.account_signature().size() != 64 ||
      account.device_signature().size() != 64)
    return std::unexpected(damaged("the account's signature is incomplete"));
  return {};
}

}  // namespace

bool is_device_jid(std::string_view text, std::string_view server) {
  const auto jid = binary::parse_jid(text);
  return jid && jid->server == server && jid->device > 0 && !jid->user.empty() && jid->user.size() <= 20 &&
         std::ranges::all_of(jid->user, [](char c) { return c >= '0' && c <= '9'; });
}

Credentials make_credentials() {
  Credentials out;
  out.noise = crypto::make_key_pair();
  out.identity = crypto::make_key_pair();
  out.registration_id = 1 + static_cast<uint32_t>(random_u64() % kMaxRegistrationId);
  out.signed_prekey = make_signed_prekey(out.identity, 1);
  random_bytes(out.adv_secret);
  return out;
}

Bytes serialize(const Credentials& credentials) {
  proto::CredentialsRecord record;
  record.set_version(kRecordVersion);
  put(*record.mutable_noise(), credentials.noise);
  put(*record.mutable_identity(), credentials.identity);
  record.set_registration_id(credentials.registration_id);
  record.set_signed_prekey_id(credentials.signed_prekey.id);
  put(*record.mutable_signed_prekey(), credentials.signed_prekey.pair);
  record.set_signed_prekey_signature(Bytes(crypto::view(credentials.signed_prekey.signature)));
  record.set_signed_prekey_made_at(credentials.signed_prekey_made_at);
  if (!credentials.signed_prekey_confirmed) record.set_signed_prekey_unconfirmed(true);
  if (const auto& previous = credentials.previous_signed_prekey) {
    record.set_previous_signed_prekey_id(previous->id);
    put(*record.mutable_previous_signed_prekey(), previous->pair);
    record.set_previous_signed_prekey_signature(Bytes(crypto::view(previous->signature)));
  }
  record.set_adv_secret(Bytes(crypto::view(credentials.adv_secret)));
  record.set_jid(credentials.jid);
  record.set_lid(credentials.lid);
  record.set_platform(credentials.platform);
  record.set_business_name(credentials.business_name);
  record.set_push_name(credentials.push_name);
  record.set_account(credentials.account);
  Bytes& prekeys = *record.mutable_prekeys();
  prekeys.reserve(credentials.prekeys.size() * kPrekeyBytes);
  for (const Prekey& prekey : credentials.prekeys)
    prekeys.append(big_endian(prekey.id, 3)).append(crypto::view(prekey.private_key));
  record.set_next_prekey_id(credentials.next_prekey_id);
  record.set_first_unuploaded_id(credentials.first_unuploaded_id);
  record.set_routing_info(credentials.routing_info);
  if (credentials.server_static) record.set_server_static(Bytes(crypto::view(*credentials.server_static)));
  return record.SerializeAsString();
}

Result<Credentials> parse_credentials(std::string_view record) {
  proto::CredentialsRecord in;
  if (record.size() > kMaxRecordBytes || !in.ParseFromArray(record.data(), static_cast<int>(record.size())) ||
      !in.has_version() || in.version() == 0)
    return std::unexpected(damaged("the record is damaged"));
  if (in.version() > kRecordVersion)
    return std::unexpected(damaged("a newer version of this server wrote them"));

  Credentials out;
  PB_ASSIGN(out.noise, read_pair(in.noise(), "noise"));
  PB_ASSIGN(out.identity, read_pair(in.identity(), "identity"));
  PB_ASSIGN(out.signed_prekey, read_signed_prekey(in.signed_prekey_id(), in.signed_prekey(),
                                                  in.signed_prekey_signature(), out.identity.public_key));
  out.signed_prekey_made_at = in.signed_prekey_made_at();
  out.signed_prekey_confirmed = !in.signed_prekey_unconfirmed();
  if (in.has_previous_signed_prekey_id()) {
    PB_ASSIGN(out.previous_signed_prekey,
              read_signed_prekey(in.previous_signed_prekey_id(), in.previous_signed_prekey(),
                                 in.previous_signed_prekey_signature(), out.identity.public_key));
  }
  out.registration_id = in.registration_id();
  if (!in.has_registration_id() || out.registration_id > kMaxRegistrationId)
    return std::unexpected(damaged("the registration id is out of range"));
  const auto adv_secret = crypto::to_key(in.adv_secret());
  if (!adv_secret) return std::unexpected(damaged("the pairing secret is incomplete"));
  out.adv_secret = *adv_secret;

  for (const Bytes* text : {&in.jid(), &in.lid(), &in.platform(), &in.business_name(), &in.push_name()})
    if (text->size() > kMaxTextBytes) return std::unexpected(damaged("a name is too long"));
  out.jid = in.jid();
  out.lid = in.lid();
  out.platform = in.platform();
  out.business_name = in.business_name();
  out.push_name = in.push_name();
  out.account = in.account();
  PB_TRY(check_account(out));

  out.next_prekey_id = in.next_prekey_id();
  out.first_unuploaded_id = in.first_unuploaded_id();
  // One past the last id means that all are used up.
  if (out.next_prekey_id == 0 || out.next_prekey_id > kMaxPrekeyId + 1 || out.first_unuploaded_id == 0 ||
      out.first_unuploaded_id > out.next_prekey_id)
    return std::unexpected(damaged("the numbers of the prekeys contradict each other"));
  PB_TRY(read_prekeys(in.prekeys(), out));

  if (in.routing_info().size() > kMaxRoutingInfoBytes)
    return std::unexpected(damaged("the routing information is too long"));
  out.routing_info = in.routing_info();
  if (in.has_server_static()) {
    out.server_static = crypto::to_key(in.server_static());
    if (!out.server_static) return std::unexpected(damaged("the server's key is incomplete"));
  }
  return out;
}

}  // namespace patchbay::whatsapp
