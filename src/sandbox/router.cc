#include "sandbox/router.h"

#include <algorithm>

#include "proto/adv.pb.h"
#include "proto/signal.pb.h"
#include "sandbox/device_session.h"
#include "sandbox/stanza.h"

namespace patchbay::sandbox {
namespace {

constexpr size_t kMaxMessageIds = 4'096;
constexpr size_t kMaxRecipients = 5'000;
constexpr size_t kMaxParts = 32;  // children of a message
constexpr std::string_view kSignalVersion = "\x33";
constexpr size_t kMacBytes = 8;
constexpr size_t kSignatureBytes = 64;
constexpr std::string_view kStale = "479";

binary::Node ack_of(std::string_view kind, const binary::Node& stanza) {
  binary::Node ack = leaf("ack", {{"class", std::string(kind)},
                                  {"id", std::string(stanza.attribute("id"))},
                                  {"from", std::string(stanza.attribute("to"))}});
  for (const char* const name : {"participant", "recipient", "type"})
    if (kind == "receipt" && stanza.has_attribute(name)) ack.set(name, stanza.attribute(name));
  return ack;
}

// --- What is in an <enc> ----------------------------------------------------------------------------------

Bytes prefixed(const crypto::Key32& key) {
  return Bytes("\x05") + Bytes(crypto::view(key));
}

// What is wrong with Signal's message of this type, as far as somebody without the keys can see; empty:
// nothing.
std::string flaw_of(std::string_view type, std::string_view bytes, const Device& from, const Device* to) {
  if (!bytes.starts_with(kSignalVersion)) return "does not begin with the version byte 33";
  bytes.remove_prefix(1);
  if (type == "msg") {
    proto::SignalMessage message;
    if (bytes.size() <= kMacBytes ||
        !message.ParseFromString(Bytes(bytes.substr(0, bytes.size() - kMacBytes))))
      return "is no SignalMessage";
    if (message.ratchet_key().size() != 33 || message.ciphertext().empty() ||
        message.ciphertext().size() % 16 != 0)
      return "has no ratchet key of 33 bytes, or no whole blocks of ciphertext";
    return {};
  }
  if (type == "skmsg") {
    proto::SenderKeyMessage message;
    if (bytes.size() <= kSignatureBytes ||
        !message.ParseFromString(Bytes(bytes.substr(0, bytes.size() - kSignatureBytes))))
      return "is no SenderKeyMessage";
    if (message.ciphertext().empty() || message.ciphertext().size() % 16 != 0)
      return "has no whole blocks of ciphertext";
    return {};
  }
  proto::PreKeySignalMessage message;
  if (!message.ParseFromString(Bytes(bytes))) return "is no PreKeySignalMessage";
  if (message.identity_key() != prefixed(from.keys.identity))
    return "names another identity key than the sender's";
  if (message.registration_id() != from.keys.registration_id)
    return "names another registration id than the sender's";
  if (message.base_key().size() != 33) return "has no base key of 33 bytes";
  if (to != nullptr && message.has_pre_key_id() && !to->keys.seen_prekeys.contains(message.pre_key_id()))
    return "uses a prekey that the recipient never had";
  if (to != nullptr && !to->keys.seen_signed_prekeys.contains(message.signed_pre_key_id()))
    return "uses a signed prekey that the recipient never had";
  return flaw_of("msg", message.message(), from, nullptr);
}

// False, with a violation, when the <enc> cannot be delivered.
bool check_enc(Sender& sender, const binary::Node& enc, const Device* to, bool& prekey_message) {
  const std::string_view type = enc.attribute("type");
  if (type != "pkmsg" && type != "msg" && type != "skmsg") {
    sender.violation("message.malformed", "an enc is neither pkmsg, msg nor skmsg");
    return false;
  }
  if (enc.attribute("v") != "2") {
    sender.violation("message.malformed", "an enc has not v=2");
    return false;
  }
  if (const std::string flaw = flaw_of(type, enc.bytes(), sender.device, to); !flaw.empty()) {
    sender.violation("message.signal", "an enc of type " + std::string(type) + " " + flaw);
    return false;
  }
  prekey_message = prekey_message || type == "pkmsg";
  return true;
}

// Whoever gets a prekey message must learn from the device-identity that the account vouches for the device.
void check_device_identity(Sender& sender, const binary::Node& message) {
  const auto* const given = message.child("device-identity");
  if (given == nullptr)
    return sender.violation("message.device-identity", "a message with a pkmsg has no device-identity");
  proto::ADVSignedDeviceIdentity theirs;
  proto::ADVSignedDeviceIdentity ours;
  ours.ParseFromString(sender.device.signed_identity);
  if (!theirs.ParseFromString(Bytes(given->bytes())) || theirs.details() != ours.details() ||
      theirs.account_signature_key() != ours.account_signature_key() ||
      theirs.account_signature() != ours.account_signature() ||
      theirs.device_signature() != ours.device_signature())
    sender.violation("message.device-identity",
                     "the device-identity is not the one of the pairing, all four fields");
}

bool remember_id(Device& device, const std::string& id) {
  if (!device.message_ids.insert(id).second) return false;
  device.message_order.push_back(id);
  if (device.message_order.size() > kMaxMessageIds) {
    device.message_ids.erase(device.message_order.front());
    device.message_order.pop_front();
  }
  return true;
}

// --- Copies for the recipients ----------------------------------------------------------------------------

// What one device gets: the envelope, its own <enc>s, and what is for everybody.
struct Copy {
  Account* account;
  Device* device;
  binary::Nodes encs;
};

void deliver_copy(Sender& sender, const binary::Node& message, const binary::Jid& to, Copy copy) {
  const bool group = to.server == binary::kGroupServer;
  const bool own = copy.account == &sender.account;
  binary::Node envelope = leaf(
      "message",
      {{"id", std::string(message.attribute("id"))},
       {"t", sender.network.unix_time()},
       {"type", std::string(message.attribute("type"))},
       {"notify", sender.device.push_name.empty() ? sender.account.push_name : sender.device.push_name}});
  const uint16_t number = sender.device.number;
  if (group) {
    envelope.set("from", to_string(to));
    envelope.set("participant", to_string(sender.account.lid_jid(number)));
    envelope.set("participant_pn", to_string(sender.account.jid()));
    envelope.set("addressing_mode", "lid");
  } else {
    const bool by_lid = to.server == binary::kLidServer;
    envelope.set("from", to_string(sender.account.jid_like(to, number)));
    envelope.set(by_lid ? "sender_pn" : "sender_lid",
                 to_string(by_lid ? sender.account.jid() : sender.account.lid_jid()));
    envelope.set("addressing_mode", by_lid ? "lid" : "pn");
    if (own && message.attribute("category") != "peer") {
      // A resend to one of the own devices names the chat itself.
      const auto chat = binary::parse_jid(message.has_attribute("recipient") ? message.attribute("recipient")
                                                                             : message.attribute("to"));
      binary::Jid recipient = chat.value_or(to);
      recipient.device = 0;
      envelope.set("recipient", to_string(recipient));
      if (const Account* const other = sender.network.find(recipient))
        envelope.set(by_lid ? "recipient_pn" : "recipient_lid",
                     to_string(by_lid ? other->jid() : other->lid_jid()));
    }
  }
  for (const char* const name : {"edit", "category"})
    if (message.has_attribute(name)) envelope.set(name, message.attribute(name));
  const bool prekey = std::ranges::any_of(
      copy.encs, [](const binary::Node& enc) { return enc.attribute("type") == "pkmsg"; });
  binary::Nodes children = std::move(copy.encs);
  for (const binary::Node& child : message.children()) {
    if (child.tag == "device-identity" && prekey) children.push_back(child);
    if (child.tag == "meta" || child.tag == "reporting") children.push_back(child);
  }
  envelope.content = std::move(children);
  sender.network.deliver(*copy.device, std::move(envelope));
}

// Everybody who should get a message to `to`, the sending device included.
std::vector<binary::Jid> expected_devices(Sender& sender, const binary::Jid& to) {
  std::vector<binary::Jid> all;
  const auto add = [&](const Account& account, const binary::Jid& like) {
    for (binary::Jid& jid : sender.network.device_jids(account, like)) all.push_back(std::move(jid));
  };
  if (to.server == binary::kGroupServer) {
    const auto group = sender.network.groups().find(to.user);
    if (group == sender.network.groups().end()) return all;
    for (const auto& [number, administrator] : group->second.members)
      if (const Account* const member = sender.network.find(number)) add(*member, member->lid_jid());
    return all;
  }
  if (const Account* const peer = sender.network.find(to)) {
    add(*peer, to);
    if (peer != &sender.account) add(sender.account, to);
  }
  return all;
}

using Copies = std::map<Device*, Copy>;

// The devices that <participants> names, each with what is for it. Nothing when the stanza is broken; `stale`
// when it names a device that is gone.
std::optional<Copies> read_participants(Sender& sender, const binary::Node& message, bool& prekey,
                                        bool& stale) {
  Copies copies;
  const auto* const participants = message.child("participants");
  if (participants == nullptr) return copies;
  if (participants->children().size() > kMaxRecipients) {
    sender.violation("message.malformed", "more than 5000 recipients");
    return std::nullopt;
  }
  for (const binary::Node& to : participants->children()) {
    const auto jid = binary::parse_jid(to.attribute("jid"));
    const auto* const enc = to.child("enc");
    if (to.tag != "to" || !jid || enc == nullptr) {
      sender.violation("message.malformed", "participants holds something that is no <to jid><enc/></to>");
      return std::nullopt;
    }
    Account* account = nullptr;
    Device* const device = sender.network.find_device(*jid, &account);
    if (device == &sender.device) {
      // Common clients hand their own device the key of a group; nobody delivers it.
      if (message.attribute("to").ends_with("@g.us")) continue;
      sender.violation("message.malformed", "a message to the sending device itself");
      return std::nullopt;
    }
    if (!check_enc(sender, *enc, device, prekey)) return std::nullopt;
    if (device == nullptr) {
      stale = true;
      continue;
    }
    if (copies.contains(device)) {
      sender.violation("message.malformed", "a device twice among the participants");
      return std::nullopt;
    }
    copies.emplace(device, Copy{.account = account, .device = device, .encs = {*enc}});
  }
  return copies;
}

void become_contacts(Sender& sender, const Copies& copies) {
  for (const auto& [device, copy] : copies) {
    if (copy.account == &sender.account) continue;
    copy.account->contacts.insert(sender.account.number);
    sender.account.contacts.insert(copy.account->number);
  }
}

}  // namespace

binary::Node route_message(Sender& sender, const binary::Node& message) {
  Network& network = sender.network;
  binary::Node ack = ack_of("message", message);
  ack.set("t", network.unix_time());
  const auto refuse = [&](std::string_view rule, std::string_view what) {
    if (!rule.empty()) sender.violation(rule, what);
    ack.set("error", kStale);
    return ack;
  };
  const std::string id(message.attribute("id"));
  const auto to = binary::parse_jid(message.attribute("to"));
  if (id.empty() || id.size() > 256)
    return refuse("message.malformed", "a message has no id, or one longer than 256 bytes");
  if (!to) return refuse("message.malformed", "a message is for something that is no JID");
  if (message.attribute("type").empty()) return refuse("message.malformed", "a message has no type");
  if (message.children().size() > kMaxParts)
    return refuse("message.malformed", "a message has more than 32 parts");

  std::vector<const binary::Node*> direct;
  for (const binary::Node& child : message.children())
    if (child.tag == "enc") direct.push_back(&child);
  const bool group = to->server == binary::kGroupServer;
  if (!group && to->server != binary::kUserServer && to->server != binary::kLidServer)
    return ack;  // taken, kept by nobody
  bool prekey = false;
  bool stale = false;
  auto copies = read_participants(sender, message, prekey, stale);
  if (!copies) return refuse({}, {});
  for (const binary::Node* const enc : direct)
    if (!check_enc(sender, *enc, nullptr, prekey)) return refuse({}, {});
  if (copies->empty() && direct.empty() && !stale)
    return refuse("message.malformed", "a message holds nothing encrypted");
  if (prekey) check_device_identity(sender, message);

  // One device only: a resend, or a message to the own phone.
  const bool resend =
      std::ranges::any_of(direct, [](const binary::Node* enc) { return enc->has_attribute("count"); }) ||
      message.attribute("device_fanout") == "false";
  if (!remember_id(sender.device, id) && !resend)
    sender.violation("message.id-reused", "the id of a message was used before: " + id);
  if (!direct.empty() && (!group || message.has_attribute("participant"))) {
    const auto one = group ? binary::parse_jid(message.attribute("participant")) : to;
    Account* account = nullptr;
    Device* const device = one ? network.find_device(*one, &account) : nullptr;
    if (device == nullptr) return refuse({}, {});
    binary::Nodes encs;
    for (const binary::Node* const enc : direct) encs.push_back(*enc);
    deliver_copy(sender, message, *to, {.account = account, .device = device, .encs = std::move(encs)});
    return ack;
  }

  std::vector<binary::Jid> expected = expected_devices(sender, *to);
  if (expected.empty()) return refuse({}, {});
  if (group) {
    const Group& its = network.groups().at(to->user);
    if (!its.members.contains(sender.account.number)) return refuse({}, {});
    if (direct.empty()) return refuse("message.malformed", "a group message without skmsg");
    // The one ciphertext goes to every device of every member, behind the pairwise one where there is one.
    for (const binary::Jid& jid : expected) {
      Account* account = nullptr;
      Device* const device = network.find_device(jid, &account);
      if (device == &sender.device) continue;
      Copy& copy =
          copies->try_emplace(device, Copy{.account = account, .device = device, .encs = {}}).first->second;
      for (const binary::Node* const enc : direct) copy.encs.push_back(*enc);
    }
    const std::string_view theirs = message.attribute("phash");
    stale = !theirs.empty() && theirs != Network::participant_hash(expected);
  } else {
    // Whom it reached, and whom it should have.
    for (const binary::Jid& jid : expected) {
      Device* const device = network.find_device(jid);
      stale = stale || (device != &sender.device && !copies->contains(device));
    }
  }
  become_contacts(sender, *copies);
  for (auto& [device, copy] : *copies) deliver_copy(sender, message, *to, std::move(copy));
  if (stale) ack.set("phash", Network::participant_hash(expected));
  return ack;
}

binary::Node route_receipt(Sender& sender, const binary::Node& receipt) {
  Network& network = sender.network;
  const std::string_view type = receipt.attribute("type");
  const auto to = binary::parse_jid(receipt.attribute("to"));
  binary::Node ack = ack_of("receipt", receipt);
  if (receipt.attribute("id").empty() || !to) {
    sender.violation("receipt.malformed",
                     "a receipt needs an id and a JID in 'to': " + describe(receipt, 300));
    return ack;
  }
  if (type == "retry" &&
      (receipt.child("retry") == nullptr || receipt.child_bytes("registration").size() != 4))
    sender.violation("receipt.malformed", "a retry receipt needs <retry> and a <registration> of 4 bytes");
  // Those that are for the server or the own phone.
  if (type == "inactive" || type == "sender" || type == "peer_msg" || type == "hist_sync" ||
      type == "server-error")
    return ack;
  const bool group = to->server == binary::kGroupServer;
  const auto about = group ? binary::parse_jid(receipt.attribute("participant")) : to;
  Account* const target = type == "read-self" ? &sender.account : about ? network.find(*about) : nullptr;
  if (target == nullptr) return ack;

  binary::Node forwarded =
      leaf("receipt", {{"id", std::string(receipt.attribute("id"))}, {"t", network.unix_time()}});
  if (!type.empty()) forwarded.set("type", type);
  const uint16_t number = type == "retry" ? sender.device.number : uint16_t{0};
  if (group) {
    forwarded.set("from", to_string(*to));
    forwarded.set("participant", to_string(sender.account.lid_jid(number)));
  } else if (type == "read-self") {
    forwarded.set("from", to_string(sender.account.jid_like(*to)));
    forwarded.set("recipient", to_string(*to));
  } else {
    forwarded.set("from", to_string(sender.account.jid_like(*to, number)));
    // Between own devices: which chat it is about.
    if (receipt.has_attribute("recipient")) forwarded.set("recipient", receipt.attribute("recipient"));
  }
  forwarded.content = receipt.content;
  for (auto& [device_number, device] : target->devices) {
    if (device_number == 0 || &device == &sender.device) continue;
    // A retry is for the one device that sent the message.
    if (type == "retry" && about && device_number != about->device) continue;
    network.deliver(device, forwarded);
  }
  return ack;
}

void route_presence(Sender& sender, const binary::Node& presence) {
  Network& network = sender.network;
  const std::string_view type = presence.attribute("type");
  if (type == "subscribe") {
    const auto to = binary::parse_jid(presence.attribute("to"));
    const Account* const other = to ? network.find(*to) : nullptr;
    if (other == nullptr || sender.device.session == nullptr) return;
    const bool here =
        std::ranges::any_of(other->devices, [](const auto& each) { return each.second.available; });
    binary::Node answer = leaf("presence", {{"from", to_string(*to)}});
    if (!here) {
      answer.set("type", "unavailable");
      answer.set("last", "deny");
    }
    return sender.device.session->send(answer);
  }
  if (!presence.attribute("name").empty())
    sender.device.push_name = presence.attribute("name").substr(0, 100);
  if (type != "available" && type != "unavailable") return;
  if (type == "available" && presence.attribute("name").empty())
    sender.violation("presence.name-missing", "a presence 'available' without the push name");
  sender.device.available = type == "available";
  for (const std::string& number : sender.account.contacts) {
    Account* const contact = network.find(number);
    if (contact == nullptr) continue;
    for (auto& [device_number, device] : contact->devices) {
      if (device.session == nullptr || !device.session->active()) continue;
      binary::Node told = leaf("presence", {{"from", to_string(sender.account.jid())}});
      if (type == "unavailable") told.set("type", "unavailable");
      device.session->send(told);
    }
  }
}

void route_chatstate(Sender& sender, const binary::Node& chatstate) {
  const auto to = binary::parse_jid(chatstate.attribute("to"));
  if (!to || chatstate.children().empty()) {
    sender.violation("chatstate.malformed",
                     "a chatstate needs a JID in 'to' and a state: " + describe(chatstate, 300));
    return;
  }
  Account* const target = sender.network.find(*to);
  if (target == nullptr) return;
  binary::Node told =
      parent("chatstate", {{"from", to_string(sender.account.jid_like(*to))}}, chatstate.children());
  for (auto& [number, device] : target->devices)
    if (device.session != nullptr && &device != &sender.device && device.session->active())
      device.session->send(told);
}

}  // namespace patchbay::sandbox
