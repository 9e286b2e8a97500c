#include "whatsapp/prekeys.h"

#include <algorithm>

#include "crypto/digest.h"
#include "whatsapp/key_encoding.h"
#include "whatsapp/stanza.h"

namespace patchbay::whatsapp {
namespace {

using binary::Node;
using binary::Nodes;

// In one answer; the server holds as many as were uploaded.
constexpr size_t kMaxListedIds = 100'000;

Node key_element(std::string_view tag, uint32_t id, std::string_view public_key) {
  return element(tag, {}, {bytes_element("id", big_endian(id, 3)), bytes_element("value", public_key)});
}

Node signed_prekey_element(const SignedPrekey& prekey) {
  Node out = key_element("skey", prekey.id, crypto::view(prekey.pair.public_key));
  std::get<Nodes>(out.content).push_back(bytes_element("signature", crypto::view(prekey.signature)));
  return out;
}

const Prekey* find(const Credentials& credentials, uint32_t id) {
  const auto at = std::ranges::lower_bound(credentials.prekeys, id, {}, &Prekey::id);
  return at != credentials.prekeys.end() && at->id == id ? &*at : nullptr;
}

}  // namespace

SignedPrekey make_signed_prekey(const crypto::KeyPair& identity, uint32_t id) {
  SignedPrekey out{.id = id, .pair = crypto::make_key_pair()};
  out.signature = crypto::xeddsa_sign(identity.private_key, key_with_type(out.pair.public_key));
  return out;
}

void rotate_signed_prekey(Credentials& credentials, WallTime now) {
  const uint32_t id = credentials.signed_prekey.id;
  credentials.previous_signed_prekey = credentials.signed_prekey;
  credentials.signed_prekey = make_signed_prekey(credentials.identity, id >= kMaxPrekeyId ? 1 : id + 1);
  credentials.signed_prekey_made_at = to_unix_ms(now) / 1'000;
  credentials.signed_prekey_confirmed = false;
}

Node rotation_query(const SignedPrekey& prekey) {
  return query("set", "encrypt", {element("rotate", {}, {signed_prekey_element(prekey)})});
}

size_t add_prekeys(Credentials& credentials, uint32_t wanted, const Randomness& random) {
  std::vector<Prekey>& prekeys = credentials.prekeys;
  const size_t waiting = unuploaded(credentials).size();
  const size_t left = kMaxPrekeyId + 1 - credentials.next_prekey_id;
  const size_t added = std::min<size_t>(wanted > waiting ? wanted - waiting : 0, left);
  if (added == 0) return 0;
  if (prekeys.size() + added > kMaxPrekeys)
    prekeys.erase(prekeys.begin(),
                  prekeys.begin() + static_cast<std::ptrdiff_t>(prekeys.size() + added - kMaxPrekeys));
  prekeys.reserve(prekeys.size() + added);
  for (size_t i = 0; i < added; ++i) {
    Prekey& prekey = prekeys.emplace_back();
    prekey.id = credentials.next_prekey_id++;
    random(prekey.private_key);
    // Clamped, as RFC 7748 §5 has private keys.
    prekey.private_key[0] &= 0xf8;
    prekey.private_key[31] = static_cast<uint8_t>((prekey.private_key[31] & 0x7f) | 0x40);
  }
  return added;
}

std::span<const Prekey> unuploaded(const Credentials& credentials) {
  const auto first =
      std::ranges::lower_bound(credentials.prekeys, credentials.first_unuploaded_id, {}, &Prekey::id);
  return {first, credentials.prekeys.end()};
}

Bytes public_keys(std::span<const Prekey> prekeys) {
  Bytes out;
  out.reserve(prekeys.size() * 32);
  for (const Prekey& prekey : prekeys)
    out.append(crypto::view(crypto::key_pair_from_private(prekey.private_key).public_key));
  return out;
}

Node upload_query(const Credentials& credentials, std::span<const Prekey> prekeys,
                  std::string_view public_keys) {
  Nodes list;
  list.reserve(prekeys.size());
  for (size_t i = 0; i < prekeys.size(); ++i)
    list.push_back(key_element("key", prekeys[i].id, public_keys.substr(i * 32, 32)));
  return query("set", "encrypt",
               {bytes_element("registration", big_endian(credentials.registration_id, 4)),
                bytes_element("type", Bytes(1, kCurveKeyType)),
                bytes_element("identity", crypto::view(credentials.identity.public_key)),
                element("list", {}, std::move(list)), signed_prekey_element(credentials.signed_prekey)});
}

void confirm_upload(Credentials& credentials, uint32_t last_id) {
  credentials.signed_prekey_confirmed = true;  // it goes up with the others
  credentials.first_unuploaded_id =
      std::max(credentials.first_unuploaded_id, std::min(last_id + 1, credentials.next_prekey_id));
}

Node count_query() {
  return query("get", "encrypt", {element("count")});
}

Result<uint64_t> read_count(const Node& answer) {
  const Node* const count = answer.child("count");
  const auto value = count == nullptr ? std::nullopt : number_attribute(*count, "value");
  if (!value) return fail(ErrorCode::kBadRequest, "WhatsApp did not say how many prekeys are left.");
  return *value;
}

Node digest_query() {
  return query("get", "encrypt", {element("digest")});
}

Result<KeyDigest> read_digest(const Node& answer) {
  const Node* const digest = answer.child("digest");
  if (digest == nullptr)
    return fail(ErrorCode::kBadRequest, "WhatsApp did not describe its copy of the keys.");
  KeyDigest out;
  out.registration_id =
      static_cast<uint32_t>(read_big_endian(digest->child_bytes("registration").substr(0, 4)));
  out.identity = digest->child_bytes("identity");
  if (const Node* const skey = digest->child("skey")) {
    out.signed_prekey_id = static_cast<uint32_t>(read_big_endian(skey->child_bytes("id").substr(0, 3)));
    out.signed_prekey = skey->child_bytes("value");
    out.signed_prekey_signature = skey->child_bytes("signature");
  }
  if (const Node* const list = digest->child("list")) {
    if (list->children().size() > kMaxListedIds)
      return fail(ErrorCode::kBadRequest, "WhatsApp lists more prekeys than there can be.");
    for (const Node& item : list->children()) {
      // <id/>, or <key><id/></key>
      const std::string_view id = item.child("id") != nullptr ? item.child_bytes("id") : item.bytes();
      out.prekey_ids.push_back(static_cast<uint32_t>(read_big_endian(id.substr(0, 4))));
    }
  }
  out.hash = digest->child_bytes("hash");
  return out;
}

bool matches(const KeyDigest& digest, const Credentials& credentials) {
  const auto fits = [](std::string_view theirs, std::string_view ours) {
    return theirs.empty() || theirs == ours;
  };
  return (digest.registration_id == 0 || digest.registration_id == credentials.registration_id) &&
         fits(digest.identity, crypto::view(credentials.identity.public_key)) &&
         (digest.signed_prekey_id == 0 || digest.signed_prekey_id == credentials.signed_prekey.id) &&
         fits(digest.signed_prekey, crypto::view(credentials.signed_prekey.pair.public_key)) &&
         fits(digest.signed_prekey_signature, crypto::view(credentials.signed_prekey.signature)) &&
         std::ranges::all_of(digest.prekey_ids,
                             [&](uint32_t id) { return find(credentials, id) != nullptr; });
}

std::vector<Prekey> listed_prekeys(const KeyDigest& digest, const Credentials& credentials) {
  std::vector<Prekey> out;
  out.reserve(std::min(digest.prekey_ids.size(), kMaxPrekeys));
  for (const uint32_t id : digest.prekey_ids)
    if (const Prekey* const prekey = find(credentials, id); prekey != nullptr && out.size() < kMaxPrekeys)
      out.push_back(*prekey);
  return out;
}

bool hash_matches(const KeyDigest& digest, const Credentials& credentials, std::string_view public_keys) {
  if (digest.hash.empty()) return true;
  const Bytes ours = crypto::sha1(Bytes(crypto::view(credentials.identity.public_key))
                                      .append(crypto::view(credentials.signed_prekey.pair.public_key))
                                      .append(crypto::view(credentials.signed_prekey.signature))
                                      .append(public_keys));
  return ours.starts_with(digest.hash);
}

void start_anew(Credentials& credentials, const KeyDigest& digest) {
  for (const uint32_t id : digest.prekey_ids)
    if (id < kMaxPrekeyId) credentials.next_prekey_id = std::max(credentials.next_prekey_id, id + 1);
  credentials.first_unuploaded_id = credentials.next_prekey_id;
}

}  // namespace patchbay::whatsapp
