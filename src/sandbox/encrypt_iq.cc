// xmlns="encrypt": docs/protocol/whatsapp.md, Signal keys.
#include <openssl/evp.h>

#include "sandbox/iq.h"
#include "sandbox/registration.h"
#include "sandbox/stanza.h"

namespace patchbay::sandbox {
namespace {

constexpr size_t kMaxUpload = 2'000;
constexpr size_t kMaxSeenPrekeys = 100'000;
constexpr size_t kMaxFetched = 3'000;
constexpr std::string_view kKeyType("\x05", 1);

Bytes sha1(std::string_view text) {
  Bytes digest(20, '\0');
  EVP_Q_digest(nullptr, "SHA1", nullptr, text.data(), text.size(),
               reinterpret_cast<unsigned char*>(digest.data()), nullptr);
  return digest;
}

binary::Node signed_prekey_node(const SignedKey& key) {
  return parent("skey", {},
                {data("id", big_endian(key.id, 3)), data("value", crypto::view(key.value)),
                 data("signature", key.signature)});
}

// Nothing, and a violation, unless it is whole and its signature verifies.
std::optional<SignedKey> read_signed_prekey(IqContext& context, const binary::Node* node) {
  if (node == nullptr) {
    context.violation("prekey.malformed", "an upload without skey");
    return std::nullopt;
  }
  const auto id = from_big_endian(node->child_bytes("id"), 3);
  const auto value = crypto::to_key(node->child_bytes("value"));
  if (!id || !value) {
    context.violation("prekey.malformed", "skey needs an id of 3 bytes and a value of 32");
    return std::nullopt;
  }
  SignedKey key{.id = *id, .value = *value, .signature = Bytes(node->child_bytes("signature"))};
  if (!check_signed_prekey(context.device.keys.identity, key)) {
    context.violation("prekey.signature",
                      "the signed prekey's signature does not verify with the identity key");
    return std::nullopt;
  }
  return key;
}

void take_signed_prekey(Device& device, SignedKey key) {
  device.keys.seen_signed_prekeys.insert(key.id);
  device.keys.signed_prekey = std::move(key);
}

binary::Node upload(IqContext& context, const binary::Node& iq) {
  KeyBundle& keys = context.device.keys;
  const auto bad = [&](std::string_view what) {
    context.violation("prekey.malformed", what);
    return error_of(iq, 406, "not-acceptable");
  };
  const auto registration = from_big_endian(iq.child_bytes("registration"), 4);
  if (!registration) return bad("registration has not 4 bytes");
  if (*registration != keys.registration_id) return bad("registration is another id than at the pairing");
  if (iq.child_bytes("type") != kKeyType) return bad("type is not the byte 05");
  if (iq.child_bytes("identity") != crypto::view(keys.identity)) {
    context.violation("prekey.identity", "the identity key is another than at the pairing");
    return error_of(iq, 406, "not-acceptable");
  }
  const auto* const list = iq.child("list");
  if (list == nullptr || list->children().empty()) return bad("an upload without list");
  if (list->children().size() > kMaxUpload) return bad("more than 2000 prekeys in one upload");
  auto signed_prekey = read_signed_prekey(context, iq.child("skey"));
  if (!signed_prekey) return error_of(iq, 406, "not-acceptable");

  std::map<uint32_t, crypto::Key32> uploaded;
  for (const binary::Node& key : list->children()) {
    const auto id = from_big_endian(key.child_bytes("id"), 3);
    const auto value = crypto::to_key(key.child_bytes("value"));
    if (key.tag != "key" || !id || !value) return bad("a prekey needs an id of 3 bytes and a value of 32");
    if (*id == 0) return bad("a prekey has the id 0");
    if (!uploaded.emplace(*id, *value).second) return bad("the same prekey id twice in one upload");
  }
  if (keys.prekeys.size() + uploaded.size() > Device::kMaxPrekeys)
    return bad("more prekeys than a device keeps at the service");
  for (const auto& [id, value] : uploaded) {
    // The same key again, because an answer was lost, is no reuse.
    const auto kept = keys.prekeys.find(id);
    if (kept != keys.prekeys.end() && kept->second == value) continue;
    if (!keys.seen_prekeys.insert(id).second)
      context.violation("prekey.id-reused", "prekey id " + std::to_string(id) + " was uploaded before");
    if (keys.seen_prekeys.size() > kMaxSeenPrekeys)
      return bad("more prekeys than a device uploads in a lifetime");
    keys.prekeys[id] = value;
  }
  take_signed_prekey(context.device, std::move(*signed_prekey));
  return result_of(iq);
}

binary::Node digest(IqContext& context, const binary::Node& iq) {
  const KeyBundle& keys = context.device.keys;
  if (keys.seen_prekeys.empty()) return error_of(iq, 404, "item-not-found");
  Bytes hashed(crypto::view(keys.identity));
  hashed += crypto::view(keys.signed_prekey.value);
  hashed += keys.signed_prekey.signature;
  binary::Nodes ids;
  for (const auto& [id, value] : keys.prekeys) {
    ids.push_back(data("id", big_endian(id, 3)));
    hashed += crypto::view(value);
  }
  return result_of(
      iq, {parent("digest", {},
                  {data("registration", big_endian(keys.registration_id, 4)), data("type", kKeyType),
                   data("identity", crypto::view(keys.identity)), signed_prekey_node(keys.signed_prekey),
                   parent("list", {}, std::move(ids)), data("hash", sha1(hashed))})});
}

// Takes one prekey; the phone makes its own as they are asked for.
std::optional<std::pair<uint32_t, crypto::Key32>> take_prekey(Network& network, Account& account,
                                                              Device& device) {
  if (device.number == 0) {
    const uint32_t id = account.next_phone_prekey++;
    device.keys.seen_prekeys.insert(id);
    return std::pair(id, network.random().key_pair().public_key);
  }
  if (device.keys.prekeys.empty()) return std::nullopt;
  const auto first = *device.keys.prekeys.begin();
  device.keys.prekeys.erase(device.keys.prekeys.begin());
  return first;
}

binary::Node bundle_of(IqContext& context, const std::string& jid) {
  binary::Node user = leaf("user", {{"jid", jid}});
  Account* owner = nullptr;
  const auto parsed = binary::parse_jid(jid);
  Device* const device = parsed ? context.network.find_device(*parsed, &owner) : nullptr;
  if (device == nullptr || (device->number != 0 && device->keys.seen_prekeys.empty())) {
    user.content = binary::Nodes{leaf("error", {{"code", "406"}, {"text", "not-acceptable"}})};
    return user;
  }
  user.set("t", context.network.unix_time());
  binary::Nodes parts{data("registration", big_endian(device->keys.registration_id, 4)),
                      data("type", kKeyType), data("identity", crypto::view(device->keys.identity))};
  if (const auto prekey = take_prekey(context.network, *owner, *device))
    parts.push_back(parent(
        "key", {}, {data("id", big_endian(prekey->first, 3)), data("value", crypto::view(prekey->second))}));
  parts.push_back(signed_prekey_node(device->keys.signed_prekey));
  if (device->number != 0) parts.push_back(data("device-identity", device->signed_identity));
  user.content = std::move(parts);
  context.network.check_prekeys(*device);
  return user;
}

binary::Node fetch(IqContext& context, const binary::Node& iq, const binary::Node& request) {
  if (request.children().size() > kMaxFetched || request.children().empty()) {
    context.violation("prekey.malformed", "a fetch names no device, or more than 3000");
    return error_of(iq, 400, "bad-request");
  }
  binary::Nodes users;
  for (const binary::Node& user : request.children()) {
    const std::string jid(user.attribute("jid"));
    if (user.tag != "user" || !binary::parse_jid(jid)) {
      context.violation("prekey.malformed", "a fetch names something that is no JID");
      return error_of(iq, 400, "bad-request");
    }
    users.push_back(bundle_of(context, jid));
  }
  return result_of(iq, {parent("list", {}, std::move(users))});
}

}  // namespace

binary::Node answer_encrypt(IqContext& context, const binary::Node& iq) {
  if (iq.attribute("type") == "get") {
    if (iq.child("count") != nullptr)
      return result_of(iq, {leaf("count", {{"value", std::to_string(context.device.keys.prekeys.size())}})});
    if (iq.child("digest") != nullptr) return digest(context, iq);
    if (const auto* const request = iq.child("key")) return fetch(context, iq, *request);
  } else if (const auto* const rotate = iq.child("rotate")) {
    auto key = read_signed_prekey(context, rotate->child("skey"));
    if (!key) return error_of(iq, 406, "not-acceptable");
    const auto& now = context.device.keys.signed_prekey;
    if (key->id != now.id && context.device.keys.seen_signed_prekeys.contains(key->id))
      context.violation("prekey.id-reused",
                        "signed prekey id " + std::to_string(key->id) + " was used before");
    take_signed_prekey(context.device, std::move(*key));
    return result_of(iq);
  } else if (iq.child("list") != nullptr || iq.child("skey") != nullptr) {
    return upload(context, iq);
  }
  context.violation("iq.malformed", "an iq of encrypt asks for nothing that there is: " + describe(iq, 300));
  return error_of(iq, 400, "bad-request");
}

}  // namespace patchbay::sandbox
