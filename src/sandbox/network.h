// A WhatsApp network in a box: its accounts, devices and groups, who is connected, what went wrong. Sessions
// of clients (connection.h) and scripted phones (phone.h) act on it; it does no I/O itself. Shard-local:
// everything in here belongs to one executor. Time comes from a Clock, randomness from a seed or the kernel.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/result.h"
#include "binary/jid.h"
#include "binary/node.h"
#include "crypto/curve25519.h"
#include "sandbox/faults.h"
#include "sandbox/random.h"
#include "sandbox/violations.h"
#include "sandbox/world.h"

namespace patchbay::sandbox {

class Connection;
class PairingSession;

struct NetworkOptions {
  // The same seed and the same requests give the same keys and ids.
  std::optional<uint64_t> seed = {};
  // Clients below it are refused with failure 405.
  std::array<uint32_t, 3> min_version{2, 3000, 0};
  // Of the first reference of a QR code, and of each that follows.
  Milliseconds first_ref_validity{60'000};
  Milliseconds ref_validity{20'000};
  // By then a client must have answered a stanza that wants an answer.
  Milliseconds answer_deadline{10'000};
  // A client that says nothing for so long has forgotten its keepalive.
  Milliseconds keepalive_deadline{60'000};
  Milliseconds handshake_deadline{20'000};
  bool accept_ik = true;
  size_t max_phones = 1'000;
  size_t max_companions = 32;  // of one account
  size_t max_connections = 2'000;
  size_t max_groups = 1'000;
  size_t max_group_members = 1'024;
  // A device that has fewer prekeys left is told so.
  size_t low_prekeys = 5;
};

class Network {
 public:
  // The clock and the executor must outlive it.
  Network(const NetworkOptions& options, const Clock& clock, Executor& executor);
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  // Ends every connection and begins anew with this seed. The server's own keys, which clients pin, stay.
  void reset(std::optional<uint64_t> seed);

  const NetworkOptions& options() const { return options_; }
  WallTime wall_now() const { return clock_.wall_now(); }
  SteadyTime now() const { return executor_.now(); }
  Executor& executor() { return executor_; }
  Random& random() { return random_; }
  ViolationLog& violations() { return violations_; }
  const ViolationLog& violations() const { return violations_; }
  FaultBook& faults() { return faults_; }
  const FaultBook& faults() const { return faults_; }

  // --- What the server proves itself with ---
  const crypto::Key32& root() const { return root_.public_key; }
  const crypto::KeyPair& server_static() const { return static_; }
  // A chain for server_static(), spoilt when one of the certificate faults is among `faults`.
  Bytes certificate_chain(const std::vector<Fault>& faults);

  // --- Accounts ---
  struct NewPhone {
    std::string number;  // 5 to 15 digits; empty: one is made up
    std::string push_name;
    std::string business_name;
    bool passkey = false;
  };
  Result<Account*> create_phone(const NewPhone& phone);
  // Ends its devices' connections as if they had been unlinked.
  void remove_phone(Account& account);
  Account* find(std::string_view number);
  // The account that a user's or device's JID belongs to, by number or LID; null for others.
  Account* find(const binary::Jid& jid);
  Device* find_device(const binary::Jid& jid, Account** account = nullptr);
  std::map<std::string, std::unique_ptr<Account>>& accounts() { return accounts_; }
  const std::map<std::string, std::unique_ptr<Account>>& accounts() const { return accounts_; }

  // Adds a companion device and tells those who should know.
  Device& link(Account& account, Device device);
  // Takes it away; its connection ends with stream error 401.
  void unlink(Account& account, uint16_t number);

  // --- Delivery ---
  // Queues `node` until the device has answered it, and sends it when it is connected and active. The phone
  // itself (device 0) takes everything and answers nothing.
  void deliver(Device& device, binary::Node node);
  // <notification type from id t> with these children, to one device.
  void notify(Device& device, std::string_view type, std::string_view from, binary::Nodes children,
              const binary::Attributes& more = {});
  // Tells the device when its prekeys run low.
  void check_prekeys(Device& device);

  // "2:" and the hash of these device JIDs.
  static std::string participant_hash(const std::vector<binary::Jid>& devices);
  std::vector<binary::Jid> device_jids(const Account& account, const binary::Jid& like) const;
  // <key-index-list ts>, signed by the account.
  binary::Node key_index_list(const Account& account);

  std::string next_id() { return std::to_string(++last_id_); }
  std::string unix_time() const;

  // --- Groups ---
  std::map<std::string, Group>& groups() { return groups_; }

  // --- Connections and pairings under way ---
  uint64_t add(Connection& connection);
  void remove(Connection& connection);
  size_t connection_count() const { return connections_.size(); }
  const std::set<Connection*>& connections() const { return connections_; }
  // References of QR codes and of codes, each with the session that waits for it.
  std::map<std::string, PairingSession*, std::less<>>& pairings() { return pairings_; }

  // The account with which a pairing by code was begun, most recent last.
  PairingSession* find_code_pairing(const Account& account);

 private:
  void announce(Account& account, const Device& device, std::string_view change);

  NetworkOptions options_;
  const Clock& clock_;
  Executor& executor_;
  Random random_;
  ViolationLog violations_;
  FaultBook faults_;
  crypto::KeyPair root_;
  crypto::KeyPair intermediate_;
  crypto::KeyPair static_;
  std::map<std::string, std::unique_ptr<Account>> accounts_;  // by number
  std::map<std::string, Account*, std::less<>> by_lid_;
  std::map<std::string, Group> groups_;  // by id
  std::set<Connection*> connections_;
  std::map<std::string, PairingSession*, std::less<>> pairings_;
  uint64_t last_connection_ = 0;
  uint64_t last_id_ = 0;
};

}  // namespace patchbay::sandbox
