#include "sandbox/network.h"

#include <algorithm>

#include "crypto/digest.h"
#include "crypto/xeddsa.h"
#include "noise/certificate.h"
#include "sandbox/connection.h"
#include "sandbox/device_session.h"
#include "sandbox/pairing_session.h"
#include "sandbox/stanza.h"

namespace patchbay::sandbox {
namespace {

using namespace std::chrono_literals;

constexpr Milliseconds kDay = std::chrono::hours(24);

bool has(const std::vector<Fault>& faults, FaultKind kind) {
  return std::ranges::any_of(faults, [kind](const Fault& fault) { return fault.kind == kind; });
}

// About as many bytes as it holds.
size_t size_of(const binary::Node& node) {
  size_t bytes = sizeof node + node.tag.size() + node.bytes().size();
  bytes += node.attributes.size() * sizeof(std::string);
  for (const auto& [name, value] : node.attributes) bytes += name.size() + value.size();
  for (const binary::Node& child : node.children()) bytes += size_of(child);
  return bytes;
}

}  // namespace

std::string_view to_string(AccountState state) {
  switch (state) {
    case AccountState::kOk:
      return "ok";
    case AccountState::kLocked:
      return "locked";
    case AccountState::kBanned:
      return "banned";
    case AccountState::kTemporarilyBanned:
      return "temporarily-banned";
  }
  return "ok";
}

Network::Network(const NetworkOptions& options, const Clock& clock, Executor& executor)
    : options_(options), clock_(clock), executor_(executor), random_(options_.seed) {
  Random random(options_.seed, "server");
  root_ = random.key_pair();
  intermediate_ = random.key_pair();
  static_ = random.key_pair();
}

Network::~Network() = default;

void Network::reset(std::optional<uint64_t> seed) {
  const std::vector<Connection*> all(connections_.begin(), connections_.end());
  for (Connection* const connection : all) connection->abandon();
  options_.seed = seed;
  random_ = Random(seed);
  violations_.clear();
  faults_ = {};
  accounts_.clear();
  by_lid_.clear();
  groups_.clear();
  pairings_.clear();
  last_id_ = 0;
}

Bytes Network::certificate_chain(const std::vector<Fault>& faults) {
  const WallTime now = wall_now();
  noise::CertificateOptions options{.not_before = now - 30 * kDay, .not_after = now + 365 * kDay};
  if (has(faults, FaultKind::kExpiredCertificate)) options.not_after = now - kDay;
  const crypto::KeyPair root = has(faults, FaultKind::kWrongRoot) ? random_.key_pair() : root_;
  const crypto::Key32 leaf =
      has(faults, FaultKind::kWrongLeaf) ? random_.key_pair().public_key : static_.public_key;
  return noise::issue_certificate_chain(root, intermediate_, leaf, options);
}

// --- Accounts ---------------------------------------------------------------------------------------------

Result<Account*> Network::create_phone(const NewPhone& phone) {
  if (accounts_.size() >= options_.max_phones)
    return fail(ErrorCode::kResourceConflict,
                "there are " + std::to_string(options_.max_phones) + " phones already; remove some");
  std::string number = phone.number;
  while (number.empty() || (phone.number.empty() && accounts_.contains(number)))
    number = "1555" + std::to_string(1'000'000 + random_.below(9'000'000));
  if (number.size() < 5 || number.size() > 15 || number.front() == '0' ||
      number.find_first_not_of("0123456789") != std::string::npos)
    return fail(ErrorCode::kValidation, "'number' is 5 to 15 digits with the country's code and no '+'");
  if (accounts_.contains(number))
    return fail(ErrorCode::kResourceAlreadyExists, "there is a phone with the number " + number);
  if (phone.push_name.size() > 100 || phone.business_name.size() > 100)
    return fail(ErrorCode::kValidation, "names have at most 100 bytes");

  // By its number, so that the order in which things happen changes nothing.
  Random random(options_.seed, "phone " + number);
  auto account = std::make_unique<Account>();
  account->number = number;
  do {
    account->lid = std::to_string(100'000'000'000'000 + random.below(99'000'000'000'000));
  } while (by_lid_.contains(account->lid));
  account->push_name = phone.push_name.empty() ? "Phone " + number : phone.push_name;
  account->business_name = phone.business_name;
  account->identity = random.key_pair();
  account->raw_id = static_cast<uint32_t>(random.below(1u << 31));
  account->passkey = phone.passkey;
  account->passkey_credential = random.bytes(16);
  account->phone_prekey = random.key_pair();

  Device primary;
  primary.keys.identity = account->identity.public_key;
  primary.keys.registration_id = 1 + static_cast<uint32_t>(random.below(16'380));
  Bytes prefixed("\x05");
  prefixed += crypto::view(account->phone_prekey.public_key);
  primary.keys.signed_prekey = {
      .id = 1,
      .value = account->phone_prekey.public_key,
      .signature = Bytes(crypto::view(crypto::xeddsa_sign(account->identity.private_key, prefixed)))};
  primary.keys.seen_signed_prekeys.insert(1);
  primary.os = "Android";
  primary.platform = "phone";
  primary.linked_at = wall_now();
  account->devices.emplace(uint16_t{0}, std::move(primary));

  Account* const made = account.get();
  by_lid_[made->lid] = made;
  accounts_[number] = std::move(account);
  return made;
}

void Network::remove_phone(Account& account) {
  std::vector<uint16_t> companions;
  for (const auto& [number, device] : account.devices)
    if (number != 0) companions.push_back(number);
  for (const uint16_t number : companions) unlink(account, number);
  for (const auto& [ref, session] : pairings_) session->forget(account);
  for (auto& [id, group] : groups_) group.members.erase(account.number);
  for (const auto& [number, other] : accounts_) other->contacts.erase(account.number);
  by_lid_.erase(account.lid);
  accounts_.erase(std::string(account.number));
}

Account* Network::find(std::string_view number) {
  const auto found = accounts_.find(std::string(number));
  return found == accounts_.end() ? nullptr : found->second.get();
}

Account* Network::find(const binary::Jid& jid) {
  if (jid.server == binary::kUserServer || jid.server == "c.us") return find(jid.user);
  if (jid.server != binary::kLidServer) return nullptr;
  const auto found = by_lid_.find(jid.user);
  return found == by_lid_.end() ? nullptr : found->second;
}

Device* Network::find_device(const binary::Jid& jid, Account** account) {
  Account* const owner = find(jid);
  if (account != nullptr) *account = owner;
  if (owner == nullptr) return nullptr;
  const auto found = owner->devices.find(jid.device);
  return found == owner->devices.end() ? nullptr : &found->second;
}

// --- Devices ----------------------------------------------------------------------------------------------

Device& Network::link(Account& account, Device device) {
  const uint16_t number = device.number;
  device.linked_at = wall_now();
  Device& linked = account.devices.insert_or_assign(number, std::move(device)).first->second;
  announce(account, linked, "add");
  return linked;
}

void Network::unlink(Account& account, uint16_t number) {
  const auto found = account.devices.find(number);
  if (found == account.devices.end() || number == 0) return;
  const Device gone = std::move(found->second);
  account.devices.erase(found);
  if (gone.session != nullptr) gone.session->removed();
  announce(account, gone, "remove");
}

void Network::announce(Account& account, const Device& device, std::string_view change) {
  binary::Node body = leaf(std::string(change));
  body.set("device_hash", participant_hash(device_jids(account, account.jid())));
  body.set("device_lid_hash", participant_hash(device_jids(account, account.lid_jid())));
  body.content = binary::Nodes{leaf("device", {{"jid", to_string(account.jid(device.number))},
                                               {"lid", to_string(account.lid_jid(device.number))},
                                               {"key-index", std::to_string(device.key_index)}}),
                               key_index_list(account)};
  const auto tell = [&](Account& who) {
    for (auto& [number, each] : who.devices)
      if (number != 0 && !(&who == &account && number == device.number))
        notify(each, "devices", to_string(account.jid()), {body}, {{"lid", to_string(account.lid_jid())}});
  };
  tell(account);
  for (const std::string& number : account.contacts)
    if (Account* const other = find(number); other != nullptr && other != &account) tell(*other);
}

std::string Network::participant_hash(const std::vector<binary::Jid>& devices) {
  std::vector<std::string> texts;
  texts.reserve(devices.size());
  for (const binary::Jid& jid : devices)
    texts.push_back(jid.user + ".0:" + std::to_string(jid.device) + "@" + jid.server);
  std::ranges::sort(texts);
  std::string all;
  for (const std::string& text : texts) all += text;
  std::string hash = base64_encode(crypto::sha256(all).substr(0, 6));
  while (hash.ends_with('=')) hash.pop_back();
  return "2:" + hash;
}

std::vector<binary::Jid> Network::device_jids(const Account& account, const binary::Jid& like) const {
  std::vector<binary::Jid> jids;
  for (const auto& [number, device] : account.devices) jids.push_back(account.jid_like(like, number));
  return jids;
}

binary::Node Network::key_index_list(const Account& account) {
  std::vector<uint32_t> valid;
  for (const auto& [number, device] : account.devices)
    if (number != 0) valid.push_back(device.key_index);
  const WallTime now = wall_now();
  binary::Node list = data("key-index-list", sign_key_index_list(account.identity, account.raw_id,
                                                                 account.next_key_index - 1, valid, now));
  list.set("ts", unix_time());
  return list;
}

std::string Network::unix_time() const {
  return std::to_string(to_unix_ms(wall_now()) / 1'000);
}

// --- Delivery ---------------------------------------------------------------------------------------------

void Network::deliver(Device& device, binary::Node node) {
  if (node.tag == "message") ++device.received;
  if (device.number == 0) return;
  const size_t bytes = size_of(node);
  device.queue.push_back({.node = std::move(node), .bytes = bytes});
  device.queued_bytes += bytes;
  while (device.queue.size() > Device::kMaxQueued ||
         (device.queued_bytes > Device::kMaxQueuedBytes && device.queue.size() > 1)) {
    device.queued_bytes -= device.queue.front().bytes;
    device.queue.pop_front();
  }
  if (device.session != nullptr && device.session->active())
    device.session->send_queued(device.queue.back().node);
}

void Network::notify(Device& device, std::string_view type, std::string_view from, binary::Nodes children,
                     const binary::Attributes& more) {
  binary::Node node = parent(
      "notification",
      {{"type", std::string(type)}, {"id", next_id()}, {"from", std::string(from)}, {"t", unix_time()}},
      std::move(children));
  for (const auto& [name, value] : more) node.set(name, value);
  deliver(device, std::move(node));
}

void Network::check_prekeys(Device& device) {
  // A new device uploads its first ones without being asked.
  if (device.number == 0 || device.keys.seen_prekeys.empty() ||
      device.keys.prekeys.size() >= options_.low_prekeys)
    return;
  // One at a time: it stays in the queue until it was answered.
  for (const auto& [queued, bytes] : device.queue)
    if (queued.tag == "notification" && queued.attribute("type") == "encrypt") return;
  notify(device, "encrypt", binary::kUserServer,
         {leaf("count", {{"value", std::to_string(device.keys.prekeys.size())}})});
}

// --- Connections ------------------------------------------------------------------------------------------

uint64_t Network::add(Connection& connection) {
  connections_.insert(&connection);
  return ++last_connection_;
}

void Network::remove(Connection& connection) {
  connections_.erase(&connection);
}

PairingSession* Network::find_code_pairing(const Account& account) {
  PairingSession* latest = nullptr;
  for (const auto& [ref, session] : pairings_)
    if (session->waits_for_code_of(account) &&
        (latest == nullptr || session->connection().number() > latest->connection().number()))
      latest = session;
  return latest;
}

}  // namespace patchbay::sandbox
