#include "whatsapp/baileys_folder.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include <boost/json.hpp>

#include "base/bytes.h"
#include "proto/adv.pb.h"
#include "whatsapp/key_encoding.h"

namespace patchbay::whatsapp {
namespace {

namespace json = boost::json;

constexpr std::string_view kCredentialsFile = "creds.json";
constexpr std::string_view kPrekeyPrefix = "pre-key-";
constexpr std::string_view kSuffix = ".json";
constexpr size_t kMaxOctets = 64 * 1024;

// Longer prefixes before those that they begin with.
struct Kind {
  std::string_view prefix;
  std::string_view what;
};
constexpr Kind kDropped[] = {
    {"session-", "encrypted sessions with other devices: each is set up anew with the next message"},
    {"sender-key-memory-", "notes of who has the keys of which group: they are given out again"},
    {"sender-key-", "keys of groups: members are asked for them again"},
    {"app-state-sync-key-", "keys of the synchronised settings: the phone is asked for them again"},
    {"app-state-sync-version-", "states of the synchronised settings: they are fetched again"},
    {"lid-mapping-", "pairs of phone numbers and hidden ids: they are learned again"},
    {"device-list-", "lists of the devices of contacts: they are fetched again"},
    {"tctoken-", "tokens of contacts' privacy: they are learned again"},
};

std::unexpected<Error> refuse(const std::string& file, const std::string& what) {
  return fail(ErrorCode::kValidation, "The file " + file + " cannot be taken over: " + what + ".");
}

std::optional<uint32_t> prekey_id(std::string_view name) {
  if (!name.starts_with(kPrekeyPrefix) || !name.ends_with(kSuffix)) return std::nullopt;
  name.remove_prefix(kPrekeyPrefix.size());
  if (name.size() <= kSuffix.size()) return std::nullopt;
  name.remove_suffix(kSuffix.size());
  uint32_t id = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
  if (error != std::errc() || end != name.data() + name.size() || id == 0 || id > kMaxPrekeyId)
    return std::nullopt;
  return id;
}

// Octets as Baileys has written them over the years: {"type":"Buffer","data":"<base64>"}, the same with a
// list of numbers, base64 alone (protobuf objects), {"0":1,"1":2,…} (typed arrays).
std::optional<Bytes> octets(const json::value* value) {
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) {
    const json::string& text = value->get_string();
    if (text.size() > 2 * kMaxOctets) return std::nullopt;
    return base64_decode({text.data(), text.size()});
  }
  const auto number = [](const json::value& one) -> std::optional<char> {
    if (!one.is_int64() || one.get_int64() < 0 || one.get_int64() > 255) return std::nullopt;
    return static_cast<char>(one.get_int64());
  };
  Bytes out;
  if (value->is_array()) {
    if (value->get_array().size() > kMaxOctets) return std::nullopt;
    for (const json::value& one : value->get_array()) {
      const auto octet = number(one);
      if (!octet) return std::nullopt;
      out += *octet;
    }
    return out;
  }
  if (!value->is_object()) return std::nullopt;
  const json::object& object = value->get_object();
  const json::value* const type = object.if_contains("type");
  if (type != nullptr && type->is_string() && type->get_string() == "Buffer") {
    const json::value* const data = object.if_contains("data");
    return data != nullptr && data->is_object() ? std::nullopt : octets(data);
  }
  if (object.size() > kMaxOctets) return std::nullopt;
  for (size_t i = 0; i < object.size(); ++i) {
    const json::value* const one = object.if_contains(std::to_string(i));
    const auto octet = one == nullptr ? std::nullopt : number(*one);
    if (!octet) return std::nullopt;
    out += *octet;
  }
  return out;
}

std::optional<crypto::Key32> key(const json::value* value) {
  std::optional<Bytes> bytes = octets(value);
  // With the type before it, as Signal's library has it.
  if (bytes && bytes->size() == 33 && bytes->front() == kCurveKeyType) bytes->erase(0, 1);
  return bytes ? crypto::to_key(*bytes) : std::nullopt;
}

const json::value* member(const json::value* value, std::string_view name) {
  if (value == nullptr || !value->is_object()) return nullptr;
  return value->get_object().if_contains(name);
}

std::string text(const json::value* value) {
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

std::optional<uint32_t> number(const json::value* value) {
  if (value == nullptr || !value->is_int64()) return std::nullopt;
  const int64_t found = value->get_int64();
  if (found < 0 || found > std::numeric_limits<uint32_t>::max()) return std::nullopt;
  return static_cast<uint32_t>(found);
}

Result<json::value> parse(const BaileysFile& file) {
  if (file.text.size() > kMaxBaileysFileBytes)
    return refuse(file.name, "it is longer than " + std::to_string(kMaxBaileysFileBytes) + " bytes");
  boost::system::error_code error;
  json::value value = json::parse(file.text, error);
  if (error || !value.is_object()) return refuse(file.name, "it is no JSON object; it may be cut off");
  return value;
}

Result<crypto::KeyPair> key_pair(const std::string& file, const json::value* value, const std::string& name) {
  const auto private_key = key(member(value, "private"));
  const auto public_key = key(member(value, "public"));
  if (!private_key || !public_key) return refuse(file, name + " is missing or is no key pair");
  const crypto::KeyPair pair = crypto::key_pair_from_private(*private_key);
  if (pair.public_key != *public_key)
    return refuse(file, "the public key of " + name + " does not belong to its private key");
  return pair;
}

Status read_signed_prekey(const json::value& creds, Credentials& out) {
  const std::string file(kCredentialsFile);
  const json::value* const signed_prekey = member(&creds, "signedPreKey");
  PB_ASSIGN(out.signed_prekey.pair, key_pair(file, member(signed_prekey, "keyPair"), "signedPreKey"));
  out.signed_prekey.id = number(member(signed_prekey, "keyId")).value_or(0);
  const std::optional<Bytes> signature = octets(member(signed_prekey, "signature"));
  if (out.signed_prekey.id == 0 || out.signed_prekey.id > kMaxPrekeyId || !signature ||
      !crypto::xeddsa_verify(out.identity.public_key, key_with_type(out.signed_prekey.pair.public_key),
                             *signature))
    return refuse(file, "signedPreKey is not signed by signedIdentityKey");
  std::ranges::copy(*signature, out.signed_prekey.signature.begin());
  return {};
}

Status read_account(const json::value& creds, Credentials& out) {
  const std::string file(kCredentialsFile);
  const json::value* const me = member(&creds, "me");
  out.jid = text(member(me, "id"));
  if (out.jid.empty())
    return refuse(file, "it names no account (me.id): this folder was never linked to a phone");
  out.lid = text(member(me, "lid"));
  out.push_name = text(member(me, "name"));
  out.platform = text(member(&creds, "platform"));
  const json::value* const account = member(&creds, "account");
  proto::ADVSignedDeviceIdentity identity;
  const std::pair<const char*, std::string*> parts[] = {
      {"details", identity.mutable_details()},
      {"accountSignatureKey", identity.mutable_account_signature_key()},
      {"accountSignature", identity.mutable_account_signature()},
      {"deviceSignature", identity.mutable_device_signature()}};
  for (const auto& [name, into] : parts) {
    std::optional<Bytes> part = octets(member(account, name));
    if (!part || part->empty())
      return refuse(file, "account." + std::string(name) + " is missing; the link was never completed");
    *into = std::move(*part);
  }
  out.account = identity.SerializeAsString();
  return {};
}

Result<Credentials> read_creds(const BaileysFile& file) {
  PB_ASSIGN(const json::value creds, parse(file));
  Credentials out;
  PB_ASSIGN(out.noise, key_pair(file.name, member(&creds, "noiseKey"), "noiseKey"));
  PB_ASSIGN(out.identity, key_pair(file.name, member(&creds, "signedIdentityKey"), "signedIdentityKey"));
  PB_TRY(read_signed_prekey(creds, out));
  out.registration_id = number(member(&creds, "registrationId")).value_or(0);
  const auto secret = key(member(&creds, "advSecretKey"));
  if (!secret) return refuse(file.name, "advSecretKey is missing or has another length");
  out.adv_secret = *secret;
  PB_TRY(read_account(creds, out));
  out.next_prekey_id = number(member(&creds, "nextPreKeyId")).value_or(0);
  out.first_unuploaded_id = number(member(&creds, "firstUnuploadedPreKeyId")).value_or(0);
  if (out.next_prekey_id == 0 || out.first_unuploaded_id == 0)
    return refuse(file.name, "nextPreKeyId or firstUnuploadedPreKeyId is missing");
  // Only a hint for the next connection; absent until the server gave one.
  if (std::optional<Bytes> hint = octets(member(&creds, "routingInfo"));
      hint && hint->size() <= kMaxRoutingInfoBytes)
    out.routing_info = std::move(*hint);
  return out;
}

}  // namespace

bool is_wanted_by_import(std::string_view name) {
  return name == kCredentialsFile || prekey_id(name).has_value();
}

Result<BaileysImport> import_baileys(std::span<const BaileysFile> files) {
  if (files.size() > kMaxBaileysFiles)
    return fail(ErrorCode::kValidation, "The folder has more than " + std::to_string(kMaxBaileysFiles) +
                                            " files; it is not Baileys'.");
  const auto creds = std::ranges::find(files, kCredentialsFile, &BaileysFile::name);
  if (creds == files.end())
    return fail(ErrorCode::kValidation,
                "There is no creds.json: name the folder that was given to useMultiFileAuthState().");
  BaileysImport out;
  PB_ASSIGN(out.credentials, read_creds(*creds));

  std::map<uint32_t, crypto::Key32> prekeys;
  std::array<size_t, std::size(kDropped)> counts{};
  size_t unknown = 0;
  for (const BaileysFile& file : files) {
    if (file.name == kCredentialsFile) continue;
    if (const auto id = prekey_id(file.name)) {
      PB_ASSIGN(const json::value value, parse(file));
      PB_ASSIGN(const crypto::KeyPair pair, key_pair(file.name, &value, "the prekey"));
      prekeys[*id] = pair.private_key;
      continue;
    }
    const auto kind =
        std::ranges::find_if(kDropped, [&](const Kind& one) { return file.name.starts_with(one.prefix); });
    if (kind == std::end(kDropped))
      ++unknown;
    else
      ++counts[static_cast<size_t>(kind - std::begin(kDropped))];
  }
  Credentials& it = out.credentials;
  // Baileys stores prekeys before it counts them.
  if (!prekeys.empty()) it.next_prekey_id = std::max(it.next_prekey_id, prekeys.rbegin()->first + 1);
  it.first_unuploaded_id = std::min(it.first_unuploaded_id, it.next_prekey_id);
  if (prekeys.size() > kMaxPrekeys) {
    const size_t surplus = prekeys.size() - kMaxPrekeys;
    prekeys.erase(prekeys.begin(), std::next(prekeys.begin(), static_cast<ptrdiff_t>(surplus)));
    out.dropped.push_back(std::to_string(surplus) + " of the oldest prekeys: more than " +
                          std::to_string(kMaxPrekeys) + " are not kept");
  }
  for (const auto& [id, private_key] : prekeys) it.prekeys.push_back({.id = id, .private_key = private_key});
  for (size_t i = 0; i < counts.size(); ++i)
    if (counts[i] > 0) out.dropped.push_back(std::to_string(counts[i]) + " " + std::string(kDropped[i].what));
  if (unknown > 0) out.dropped.push_back(std::to_string(unknown) + " files of other kinds");

  // Everything that a stored record must fulfil.
  if (auto checked = parse_credentials(serialize(it)); !checked)
    return fail(ErrorCode::kValidation, "The folder cannot be taken over. " + checked.error().message);
  return out;
}

}  // namespace patchbay::whatsapp
