// A network whose time moves by hand, and a client of its own that checks everything: the chain of
// certificates under the pinned root, the account's signatures. For tests only. One thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "binary/decoder.h"
#include "binary/encoder.h"
#include "crypto/digest.h"
#include "crypto/xeddsa.h"
#include "noise/frame.h"
#include "noise/handshake.h"
#include "proto/adv.pb.h"
#include "proto/client_payload.pb.h"
#include "sandbox/adv.h"
#include "sandbox/connection.h"
#include "sandbox/control.h"
#include "sandbox/network.h"
#include "sandbox/phone.h"
#include "sandbox/stanza.h"

namespace patchbay::sandbox::test {

struct World {
  explicit World(NetworkOptions options = {.seed = 1}) : network(std::move(options), clock, executor) {}

  std::vector<std::string> rules() const {
    std::vector<std::string> names;
    for (const Violation& violation : network.violations().kept()) names.push_back(violation.rule);
    return names;
  }
  Account& phone(std::string number = "15550001111", bool passkey = false) {
    return **network.create_phone(
        {.number = std::move(number), .push_name = "Phone", .business_name = "", .passkey = passkey});
  }

  ManualClock clock;
  ManualExecutor executor{clock};
  Network network;
};

// Lower-case MD5 of "2.3000.1045649367", as octets.
inline Bytes build_hash() {
  return *from_hex("9fa53af9421567b114e33c9bb1ef7db2");
}

class Client final : public Connection::Io {
 public:
  explicit Client(World& world) : world_(world) { signed_prekey_signature = sign_prekey(prekey.public_key); }

  // --- Connection::Io: what the server sends ---
  void send(std::string_view bytes) override {
    ++websocket_messages;
    (void)reader_.feed(bytes, [this](std::string_view frame) {
      frames_.emplace_back(frame);
      return true;
    });
    read();
  }
  void close(bool politely) override {
    closed = true;
    closed_politely = politely;
  }

  // --- Steps ---
  // The handshake, `piece` bytes at a time; 0: in whole.
  void connect(const proto::ClientPayload& payload, size_t piece = 0) {
    connection.reset();
    closed = false;
    failure.clear();
    nodes.clear();
    frames_.clear();
    reader_ = noise::FrameReader();
    cipher_.reset();
    piece_ = piece;
    initiator_.emplace(noise::Initiator::Options{.ephemeral = crypto::make_key_pair(),
                                                 .static_pair = noise_pair,
                                                 .client_payload = payload.SerializeAsString(),
                                                 .root = world_.network.root(),
                                                 .now = world_.clock.wall_now()});
    connection = std::make_unique<Connection>(world_.network, *this);
    std::string hello = noise::intro_header();
    noise::append_frame(hello, initiator_->start());
    feed(hello);
    world_.executor.run_ready();
  }
  void feed(std::string_view bytes) {
    const size_t piece = piece_ == 0 ? bytes.size() : piece_;
    for (size_t at = 0; at < bytes.size(); at += piece) connection->on_bytes(bytes.substr(at, piece));
  }
  void say(const binary::Node& node) { say_raw(binary::encode(node)); }
  // The plaintext of a frame, whatever it is.
  void say_raw(std::string_view plain) {
    std::string bytes;
    noise::append_frame(bytes, cipher_->encrypt(plain));
    feed(bytes);
  }
  // An iq and its answer.
  binary::Node ask(binary::Node iq) {
    const std::string id = "c" + std::to_string(++ids_);
    iq.set("id", id);
    if (!iq.has_attribute("to")) iq.set("to", "s.whatsapp.net");
    say(iq);
    return take("iq", [&](const binary::Node& node) { return node.attribute("id") == id; });
  }
  // The first stanza that fits, taken out; a node "none" when there is none.
  template <typename Fits>
  binary::Node take(std::string_view tag, Fits fits) {
    for (auto it = nodes.begin(); it != nodes.end(); ++it)
      if (it->tag == tag && fits(*it)) {
        binary::Node node = std::move(*it);
        nodes.erase(it);
        return node;
      }
    return leaf("none");
  }
  binary::Node take(std::string_view tag) {
    return take(tag, [](const binary::Node&) { return true; });
  }
  binary::Node take_notification(std::string_view type) {
    return take("notification", [type](const binary::Node& node) { return node.attribute("type") == type; });
  }
  void ack(const binary::Node& node) {
    say(leaf("ack", {{"class", node.tag},
                     {"id", std::string(node.attribute("id"))},
                     {"to", std::string(node.attribute("from"))},
                     {"type", std::string(node.attribute("type"))}}));
  }

  proto::ClientPayload payload() const {
    proto::ClientPayload result;
    auto& agent = *result.mutable_user_agent();
    agent.set_platform(proto::ClientPayload::UserAgent::WEB);
    agent.mutable_app_version()->set_primary(2);
    agent.mutable_app_version()->set_secondary(3000);
    agent.mutable_app_version()->set_tertiary(1'045'649'367);
    result.mutable_web_info()->set_web_sub_platform(proto::ClientPayload::WebInfo::WEB_BROWSER);
    result.set_connect_type(proto::ClientPayload::WIFI_UNKNOWN);
    result.set_connect_reason(proto::ClientPayload::USER_ACTIVATED);
    return result;
  }
  proto::ClientPayload registration() const;
  proto::ClientPayload login(bool passive = true) const {
    proto::ClientPayload result = payload();
    result.set_username(std::stoull(jid.user));
    result.set_device(jid.device);
    result.set_passive(passive);
    result.set_pull(true);
    return result;
  }
  // Connects to register, answers pair-device; gives the first reference.
  std::string begin_pairing() {
    connect(registration());
    const binary::Node iq = take("iq");
    say(leaf("iq", {{"to", "s.whatsapp.net"}, {"type", "result"}, {"id", std::string(iq.attribute("id"))}}));
    const auto* const pair = iq.child("pair-device");
    return pair == nullptr ? std::string() : std::string(pair->child_bytes("ref"));
  }
  std::string qr(const std::string& ref) const {
    return "https://wa.me/settings/linked_devices#" + ref + "," +
           base64_encode(crypto::view(noise_pair.public_key)) + "," +
           base64_encode(crypto::view(identity.public_key)) + "," + base64_encode(adv_secret) + ",1";
  }
  // Checks pair-success as a client must, and answers it. False when something does not verify.
  bool answer_pair_success(bool sign_wrong = false);
  bool pair(Account& account) {
    const std::string ref = begin_pairing();
    return Phone(world_.network, account).scan(qr(ref)).has_value() && answer_pair_success() && closed;
  }
  void log_in(bool passive = true) {
    connect(login(passive));
    if (passive) ask(parent("iq", {{"type", "set"}, {"xmlns", "passive"}}, {leaf("active")}));
  }
  binary::Node upload(uint32_t first, uint32_t count);
  Bytes sign_prekey(const crypto::Key32& key) const {
    return Bytes(crypto::view(crypto::xeddsa_sign(identity.private_key, "\x05" + Bytes(crypto::view(key)))));
  }

  crypto::KeyPair noise_pair = crypto::make_key_pair();
  crypto::KeyPair identity = crypto::make_key_pair();
  crypto::KeyPair prekey = crypto::make_key_pair();
  Bytes signed_prekey_signature;
  Bytes adv_secret = Bytes(32, 's');
  uint32_t registration_id = 77;
  binary::Jid jid;
  Bytes signed_identity;

  std::unique_ptr<Connection> connection;
  std::vector<binary::Node> nodes;  // that came and were not taken
  std::string failure;              // why the handshake failed, on our side
  bool closed = false;
  bool closed_politely = false;
  size_t websocket_messages = 0;
  size_t undecipherable = 0;

 private:
  void read() {
    while (!frames_.empty()) {
      const std::string frame = std::move(frames_.front());
      frames_.erase(frames_.begin());
      if (cipher_) {
        const auto plain = cipher_->decrypt(frame);
        if (!plain) {
          ++undecipherable;
          continue;
        }
        nodes.push_back(*binary::decode(*plain));
        continue;
      }
      const auto finish = initiator_->on_server_hello(frame);
      if (!finish) {
        failure = finish.error().message;
        return;
      }
      cipher_.emplace(initiator_->take_cipher());
      std::string bytes;
      noise::append_frame(bytes, *finish);
      // Not from inside the connection's own call.
      finish_timer_ = world_.executor.run_after(Milliseconds(0), [this, bytes] { feed(bytes); });
    }
  }

  World& world_;
  std::optional<noise::Initiator> initiator_;
  std::optional<noise::Cipher> cipher_;
  noise::FrameReader reader_;
  std::vector<std::string> frames_;
  Executor::Timer finish_timer_;
  size_t piece_ = 0;
  uint64_t ids_ = 0;
};

inline proto::ClientPayload Client::registration() const {
  proto::ClientPayload result = payload();
  auto& data = *result.mutable_device_pairing_data();
  data.set_e_regid(big_endian(registration_id, 4));
  data.set_e_keytype("\x05");
  data.set_e_ident(Bytes(crypto::view(identity.public_key)));
  data.set_e_skey_id(big_endian(1, 3));
  data.set_e_skey_val(Bytes(crypto::view(prekey.public_key)));
  data.set_e_skey_sig(signed_prekey_signature);
  data.set_build_hash(build_hash());
  proto::DeviceProps props;
  props.set_os("Ubuntu");
  props.set_platform_type(proto::DeviceProps::CHROME);
  data.set_device_props(props.SerializeAsString());
  return result;
}

inline bool Client::answer_pair_success(bool sign_wrong) {
  const binary::Node iq =
      take("iq", [](const binary::Node& node) { return node.child("pair-success") != nullptr; });
  const auto* const success = iq.child("pair-success");
  if (success == nullptr) return false;
  proto::ADVSignedDeviceIdentityHMAC sealed;
  proto::ADVSignedDeviceIdentity account;
  if (!sealed.ParseFromString(Bytes(success->child_bytes("device-identity")))) return false;
  if (crypto::hmac_sha256(adv_secret, sealed.details()) != sealed.hmac()) return false;
  if (!account.ParseFromString(sealed.details())) return false;
  const auto key = crypto::to_key(account.account_signature_key());
  if (!key || !crypto::xeddsa_verify(*key, account_signature_message(account.details(), identity.public_key),
                                     account.account_signature()))
    return false;
  proto::ADVDeviceIdentity details;
  if (!details.ParseFromString(account.details())) return false;
  const crypto::KeyPair signer = sign_wrong ? crypto::make_key_pair() : identity;
  account.set_device_signature(Bytes(crypto::view(crypto::xeddsa_sign(
      signer.private_key, device_signature_message(account.details(), identity.public_key, *key)))));
  signed_identity = account.SerializeAsString();
  account.clear_account_signature_key();
  jid = *binary::parse_jid(success->child("device")->attribute("jid"));
  binary::Node given = data("device-identity", account.SerializeAsString());
  given.set("key-index", std::to_string(details.key_index()));
  say(parent("iq", {{"to", "s.whatsapp.net"}, {"type", "result"}, {"id", std::string(iq.attribute("id"))}},
             {parent("pair-device-sign", {}, {given})}));
  return true;
}

inline binary::Node Client::upload(uint32_t first, uint32_t count) {
  binary::Nodes keys;
  for (uint32_t id = first; id < first + count; ++id)
    keys.push_back(parent(
        "key", {},
        {data("id", big_endian(id, 3)), data("value", crypto::sha256("prekey " + std::to_string(id)))}));
  return parent("iq", {{"type", "set"}, {"xmlns", "encrypt"}},
                {data("registration", big_endian(registration_id, 4)), data("type", "\x05"),
                 data("identity", crypto::view(identity.public_key)), parent("list", {}, std::move(keys)),
                 parent("skey", {},
                        {data("id", big_endian(1, 3)), data("value", crypto::view(prekey.public_key)),
                         data("signature", signed_prekey_signature)})});
}

}  // namespace patchbay::sandbox::test
