// What a sandbox's world consists of: accounts with their phones, companion devices, groups. Values that
// Network owns and its sessions change. Shard-local.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "binary/jid.h"
#include "binary/node.h"
#include "crypto/curve25519.h"
#include "sandbox/adv.h"

namespace patchbay::sandbox {

class DeviceSession;

enum class AccountState { kOk, kLocked, kBanned, kTemporarilyBanned };
std::string_view to_string(AccountState state);

struct SignedKey {
  uint32_t id = 0;
  crypto::Key32 value{};
  Bytes signature;
};

// What others need to begin a Signal session with a device.
struct KeyBundle {
  crypto::Key32 identity{};
  uint32_t registration_id = 0;
  SignedKey signed_prekey;
  std::map<uint32_t, crypto::Key32> prekeys;  // not given out yet
  std::set<uint32_t> seen_prekeys;            // every id that was ever uploaded
  std::set<uint32_t> seen_signed_prekeys;
};

struct Device {
  static constexpr size_t kMaxQueued = 2'000;
  static constexpr size_t kMaxQueuedBytes = 16u << 20;
  static constexpr size_t kMaxPrekeys = 20'000;

  uint16_t number = 0;  // 0 is the phone
  uint32_t key_index = 0;
  crypto::Key32 noise{};
  KeyBundle keys;
  Bytes signed_identity;  // ADVSignedDeviceIdentity with all four fields
  std::string os;         // as the client called itself
  std::string platform;
  std::string push_name;
  WallTime linked_at{};
  bool available = false;  // its presence

  // Stanzas that it has not answered, oldest first. The oldest go when there are more than kMaxQueued, or
  // more bytes than kMaxQueuedBytes.
  struct Queued {
    binary::Node node;
    size_t bytes = 0;
  };
  std::deque<Queued> queue;
  size_t queued_bytes = 0;
  uint64_t received = 0;              // messages delivered to it
  std::set<std::string> message_ids;  // that it sent, bounded with `message_order`
  std::deque<std::string> message_order;
  DeviceSession* session = nullptr;  // while it is logged in
};

struct Account {
  std::string number;  // digits
  std::string lid;     // digits
  std::string push_name;
  std::string business_name;
  std::string platform = "android";
  crypto::KeyPair identity;
  uint32_t raw_id = 0;
  AccountState state = AccountState::kOk;
  WallTime banned_until{};
  bool passkey = false;  // pairing asks for a passkey
  Bytes passkey_credential;
  bool online = true;  // the phone itself: offline it neither scans nor types
  uint16_t next_device = 1;
  uint32_t next_key_index = 1;
  uint32_t next_phone_prekey = 1;
  crypto::KeyPair phone_prekey;  // the phone's signed prekey
  std::map<uint16_t, Device> devices;
  std::set<std::string> contacts;  // numbers of accounts it exchanged messages with
  std::set<std::string> blocked;   // JIDs
  std::map<std::string, std::string> privacy;
  std::string about;
  std::string last_pairing = "none";  // how the last pairing went, for people

  binary::Jid jid(uint16_t device = 0) const {
    return {.user = number, .server = std::string(binary::kUserServer), .device = device};
  }
  binary::Jid lid_jid(uint16_t device = 0) const {
    return {.user = lid, .server = std::string(binary::kLidServer), .device = device};
  }
  // Its JID in the form that `like` has: by number or by LID.
  binary::Jid jid_like(const binary::Jid& like, uint16_t device = 0) const {
    return like.server == binary::kLidServer ? lid_jid(device) : jid(device);
  }
};

struct Group {
  std::string id;  // the user part of its JID
  std::string subject;
  std::string description;
  std::string creator;  // number
  WallTime created{};
  WallTime subject_set{};
  std::map<std::string, bool> members;  // number → is administrator
  std::string jid() const { return id + "@g.us"; }
};

}  // namespace patchbay::sandbox
