#include "whatsapp/session_bundle.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <boost/json.hpp>

#include "base/ids.h"
#include "binary/jid.h"
#include "crypto/password.h"
#include "crypto/secret_box.h"
#include "crypto/wipe.h"
#include "whatsapp/key_encoding.h"

namespace patchbay::whatsapp {
namespace {

namespace json = boost::json;

constexpr std::string_view kMagic = "patchbay-session";
constexpr uint8_t kVersion = 1;
constexpr size_t kLengthBytes = 4;
constexpr size_t kMaxHeaderBytes = 16 * 1024;
constexpr size_t kSignatureBytes = sizeof(crypto::Signature);

std::unexpected<Error> refuse(std::string what) {
  return fail(ErrorCode::kValidation, "The bundle cannot be used: " + std::move(what));
}
std::unexpected<Error> damaged() {
  return refuse("it is cut off or was changed since it was made.");
}

struct Parts {
  BundleHeader header;
  crypto::KeyCost cost;
  Bytes salt;
  crypto::Key32 identity{};
  std::string_view associated;  // everything before `sealed`
  std::string_view sealed;
};

std::string text(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

int64_t number(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  return value != nullptr && value->is_int64() ? value->get_int64() : -1;
}

std::string header_json(const BundleHeader& header, const crypto::KeyCost& cost, std::string_view salt,
                        const crypto::Key32& identity) {
  return json::serialize(json::object{{"instanceId", header.instance_id},
                                      {"instanceName", header.instance_name},
                                      {"jid", header.jid},
                                      {"phone", header.phone},
                                      {"createdAtMs", to_unix_ms(header.created_at)},
                                      {"identityKey", base64_encode(crypto::view(identity))},
                                      {"argon2id",
                                       {{"passes", static_cast<int64_t>(cost.passes)},
                                        {"memoryBytes", static_cast<int64_t>(cost.memory_bytes)},
                                        {"salt", base64_encode(salt)}}}});
}

Status read_header(std::string_view text_of_header, Parts& out) {
  boost::system::error_code error;
  const json::value value = json::parse(text_of_header, error);
  if (error || !value.is_object()) return damaged();
  const json::object& object = value.get_object();
  out.header = {.instance_id = text(object, "instanceId"),
                .instance_name = text(object, "instanceName"),
                .jid = text(object, "jid"),
                .phone = text(object, "phone"),
                .created_at = from_unix_ms(std::max<int64_t>(number(object, "createdAtMs"), 0))};
  const auto identity = base64_decode(text(object, "identityKey"));
  const auto key = identity ? crypto::to_key(*identity) : std::nullopt;
  const json::value* const argon = object.if_contains("argon2id");
  if (!key || argon == nullptr || !argon->is_object()) return damaged();
  out.identity = *key;
  const auto salt = base64_decode(text(argon->get_object(), "salt"));
  const int64_t passes = number(argon->get_object(), "passes");
  const int64_t memory = number(argon->get_object(), "memoryBytes");
  if (!salt || passes <= 0 || memory <= 0) return damaged();
  out.salt = *salt;
  out.cost = {.passes = static_cast<uint64_t>(passes), .memory_bytes = static_cast<uint64_t>(memory)};
  return {};
}

// Takes a length and as many octets.
std::optional<std::string_view> take(std::string_view& rest, size_t limit) {
  if (rest.size() < kLengthBytes) return std::nullopt;
  const uint64_t size = read_big_endian(rest.substr(0, kLengthBytes));
  rest.remove_prefix(kLengthBytes);
  if (size > limit || size > rest.size()) return std::nullopt;
  const std::string_view taken = rest.substr(0, size);
  rest.remove_prefix(size);
  return taken;
}

Result<Parts> take_apart(std::string_view bundle) {
  if (!bundle.starts_with(kMagic) || bundle.size() <= kMagic.size())
    return refuse("it is no bundle of a session.");
  if (static_cast<uint8_t>(bundle[kMagic.size()]) != kVersion)
    return refuse("another version of Patchbay made it.");
  if (bundle.size() > kMaxBundleBytes) return refuse("it is larger than any bundle.");
  Parts parts;
  std::string_view rest = bundle.substr(kMagic.size() + 1);
  const auto header = take(rest, kMaxHeaderBytes);
  if (!header) return damaged();
  PB_TRY(read_header(*header, parts));
  parts.associated = bundle.substr(0, bundle.size() - rest.size());
  const auto sealed = take(rest, kMaxBundleBytes);
  if (!sealed || rest.size() != kSignatureBytes) return damaged();
  parts.sealed = *sealed;
  if (!crypto::xeddsa_verify(parts.identity, bundle.substr(0, bundle.size() - kSignatureBytes), rest))
    return damaged();
  return parts;
}

Result<crypto::SecretBox> box_of(std::string_view passphrase, std::string_view salt,
                                 const crypto::KeyCost& cost) {
  PB_ASSIGN(Bytes key, crypto::derive_key(passphrase, salt, cost));
  crypto::SecretBox box = crypto::SecretBox::from_key(*crypto::to_key(key));
  crypto::wipe(key);
  return box;
}

}  // namespace

std::string phone_of(const Credentials& credentials) {
  const auto jid = binary::parse_jid(credentials.jid);
  return jid ? jid->user : std::string();
}

Result<Bytes> seal_bundle(BundleHeader header, const Credentials& credentials, std::string_view passphrase) {
  if (passphrase.size() < kMinPassphraseBytes || passphrase.size() > kMaxPassphraseBytes)
    return fail(ErrorCode::kValidation, "The passphrase must have " + std::to_string(kMinPassphraseBytes) +
                                            " to " + std::to_string(kMaxPassphraseBytes) + " bytes.");
  if (!credentials.is_linked()) return fail(ErrorCode::kValidation, "The instance is not linked to a phone.");
  header.jid = credentials.jid;
  header.phone = phone_of(credentials);
  Bytes salt(crypto::kKeySaltBytes, '\0');
  random_bytes({reinterpret_cast<uint8_t*>(salt.data()), salt.size()});
  const crypto::KeyCost cost;
  PB_ASSIGN(const crypto::SecretBox box, box_of(passphrase, salt, cost));

  const std::string clear = header_json(header, cost, salt, credentials.identity.public_key);
  if (clear.size() > kMaxHeaderBytes) return fail(ErrorCode::kValidation, "The instance's name is too long.");
  Bytes bundle(kMagic);
  bundle += static_cast<char>(kVersion);
  bundle += big_endian(clear.size(), kLengthBytes) + clear;
  Bytes record = serialize(credentials);
  const Bytes sealed = box.seal(record, bundle);
  crypto::wipe(record);
  bundle += big_endian(sealed.size(), kLengthBytes) + sealed;
  bundle += crypto::view(crypto::xeddsa_sign(credentials.identity.private_key, bundle));
  return bundle;
}

Result<BundleHeader> read_bundle_header(std::string_view bundle) {
  PB_ASSIGN(Parts parts, take_apart(bundle));
  return std::move(parts.header);
}

Result<OpenedBundle> open_bundle(std::string_view bundle, std::string_view passphrase) {
  PB_ASSIGN(Parts parts, take_apart(bundle));
  PB_ASSIGN(const crypto::SecretBox box, box_of(passphrase, parts.salt, parts.cost));
  auto record = box.open(parts.sealed, parts.associated);
  if (!record) return refuse("the passphrase is not the one it was made with.");
  auto credentials = parse_credentials(*record);
  crypto::wipe(*record);
  if (!credentials) return refuse(credentials.error().message);
  if (credentials->identity.public_key != parts.identity || credentials->jid != parts.header.jid ||
      phone_of(*credentials) != parts.header.phone)
    return refuse("its header is of another account than its keys.");
  return OpenedBundle{.header = std::move(parts.header), .credentials = std::move(*credentials)};
}

}  // namespace patchbay::whatsapp
