// For tests only. WhatsApp's end of one connection, good enough to hold a scripted conversation; a phone that
// links; and a world in which a SessionCore lives under a clock that is moved by hand.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/ids.h"
#include "binary/decoder.h"
#include "binary/encoder.h"
#include "noise/certificate.h"
#include "noise/frame.h"
#include "noise/handshake.h"
#include "proto/adv.pb.h"
#include "proto/client_payload.pb.h"
#include "whatsapp/session_core.h"
#include "whatsapp/stanza.h"

namespace patchbay::whatsapp::test {

using binary::Node;
using binary::Nodes;

// Keys of WhatsApp's place in these tests.
struct Authority {
  crypto::KeyPair root = crypto::make_key_pair();
  crypto::KeyPair intermediate = crypto::make_key_pair();
  crypto::KeyPair server = crypto::make_key_pair();
  Bytes chain(WallTime now) const {
    return noise::issue_certificate_chain(
        root, intermediate, server.public_key,
        {.not_before = now - Milliseconds(1'000), .not_after = now + Milliseconds(10'000'000)});
  }
};

// The server's end of one connection.
class Peer {
 public:
  Peer(const Authority& authority, Bytes chain, bool accept_ik)
      : responder_(noise::Responder::Options{.ephemeral = crypto::make_key_pair(),
                                             .static_pair = authority.server,
                                             .certificate_chain = std::move(chain),
                                             .accept_ik = accept_ik}) {}

  // What the client sent; gives what goes back.
  Bytes feed(std::string_view bytes) {
    Bytes out;
    pending_.append(bytes);
    if (!intro_seen_) {
      if (pending_.starts_with("ED")) {
        const size_t size = static_cast<uint8_t>(pending_[5]) * 256u + static_cast<uint8_t>(pending_[6]);
        routing = pending_.substr(7, size);
        pending_.erase(0, 7 + size);
      }
      EXPECT_TRUE(pending_.starts_with(noise::kIntro));
      pending_.erase(0, noise::kIntro.size());
      intro_seen_ = true;
    }
    const Bytes now = std::exchange(pending_, {});
    EXPECT_TRUE(frames_.feed(now, [&](std::string_view payload) {
      on_frame(payload, out);
      return true;
    }));
    return out;
  }
  Bytes encode(const Node& node) { return encode_plain(binary::encode(node)); }
  // A frame with whatever inside.
  Bytes encode_plain(std::string_view plain) {
    Bytes out;
    noise::append_frame(out, cipher_->encrypt(plain));
    return out;
  }
  bool is_open() const { return cipher_.has_value(); }
  proto::ClientPayload payload() const {
    proto::ClientPayload out;
    EXPECT_TRUE(out.ParseFromString(Bytes(responder_.client_payload())));
    return out;
  }

  std::vector<Node> received;  // not looked at yet
  Bytes routing;

 private:
  void on_frame(std::string_view payload, Bytes& out) {
    if (cipher_) {
      const auto plain = cipher_->decrypt(payload);
      ASSERT_TRUE(plain);
      auto node = binary::decode(*plain);
      ASSERT_TRUE(node) << node.error().message;
      return received.push_back(std::move(*node));
    }
    if (!hello_) {
      auto answer = responder_.on_client_hello(payload);
      ASSERT_TRUE(answer) << answer.error().message;
      hello_ = true;
      noise::append_frame(out, *answer);
    } else {
      ASSERT_TRUE(responder_.on_client_finish(payload));
    }
    if (responder_.done()) cipher_.emplace(responder_.take_cipher());
  }

  noise::Responder responder_;
  noise::FrameReader frames_;
  std::optional<noise::Cipher> cipher_;
  Bytes pending_;
  bool intro_seen_ = false;
  bool hello_ = false;
};

// The account's phone: signs devices.
struct Phone {
  crypto::KeyPair identity = crypto::make_key_pair();

  // <device-identity> for a device with this identity, who showed this secret.
  Bytes device_identity(const crypto::Key32& device_identity, std::string_view adv_secret,
                        uint32_t key_index = 3, bool hosted = false) const;
  static Node pair_success(std::string_view device_identity,
                           std::string_view jid = "15551234567:12@s.whatsapp.net",
                           std::string_view lid = "99887766554433:12@lid");
};

struct QrContent {
  std::string ref;
  crypto::Key32 noise{}, identity{}, adv_secret{};
  std::string client_type;
};
QrContent read_qr(std::string_view text);

// A linked device's credentials, as a pairing would have left them.
Credentials linked_credentials();

class World {
 public:
  World();
  ~World();

  void open(const Bytes& credentials = {});
  void open(const Credentials& credentials) { open(serialize(credentials)); }
  // Up to the first QR code.
  void show_codes();
  // Up to `success` of a login with linked_credentials(), everything the client asks for answered.
  void log_in(Credentials credentials = linked_credentials());
  // Scans the code on show.
  void scan();

  // Does what the core wants until it wants nothing more.
  void pump();
  void advance(Milliseconds by);
  void say(const Node& node);
  void say_bytes(std::string_view bytes);
  // The answer to the first unanswered query with this child; `answer` gets the children.
  void answer(std::string_view child, Nodes children = {});
  void answer_error(std::string_view child, int code, std::string_view text);
  // Takes the first stanza of this tag out of what the server received, or fails the test.
  Node expect(std::string_view tag);
  Node expect_query(std::string_view child);
  bool has_query(std::string_view child) const;
  void store(bool ok);  // with hold_stores: the oldest write
  void keep(bool ok);   // with hold_keeps: all that wait
  Instant now() const { return {.steady = clock.steady_now(), .wall = clock.wall_now()}; }

  ManualClock clock;
  ProfileSource profile;
  SessionSettings settings;
  Authority authority;
  Phone phone;
  std::unique_ptr<SessionCore> core;
  std::unique_ptr<Peer> peer;

  // How the world behaves.
  bool accept_connections = true;
  bool hold_stores = false;
  bool hold_keeps = false;
  bool hold_work = false;
  bool byte_by_byte = false;
  bool accept_ik = true;
  Bytes chain;  // empty: a good one

  // What it saw.
  std::vector<std::string> heard;  // a word an event
  int connections = 0;
  std::vector<QrCode> codes;
  std::optional<PairCode> pair_code;
  std::optional<PasskeyRequest> passkey;
  std::optional<PasskeyCode> passkey_code;
  std::vector<Bytes> stores;  // all of them
  Identity identity;
  std::optional<SessionEnd> end;
  std::vector<Status> answers;
  std::vector<HeldStanza> held;
  uint64_t caught_up = 0;
  std::vector<std::string> unreadable;
  size_t sent_bytes = 0;

 private:
  void handle(session_event::OpenTransport&);
  void handle(session_event::Send& event);
  void handle(session_event::CloseTransport&);
  void handle(session_event::Store& event);
  void handle(session_event::Keep& event);
  void handle(session_event::Compute& event);
  void handle(QrCode& code);
  void handle(PairCode& code);
  void handle(PasskeyRequest& request);
  void handle(PasskeyCode& code);
  void handle(session_event::Paired& event);
  void handle(session_event::Connected& event);
  void handle(session_event::Alive&) { heard.push_back("alive"); }
  void handle(session_event::Answer& event);
  void handle(session_event::CaughtUp& event);
  void handle(session_event::Unreadable& event) { unreadable.push_back(std::move(event.why)); }
  void handle(SessionEnd& how);

  std::vector<uint64_t> waiting_stores_;
  std::vector<uint64_t> waiting_keeps_;
  std::vector<session_event::Compute> waiting_work_;

 public:
  void work();  // with hold_work: does all that waits
};

}  // namespace patchbay::whatsapp::test
