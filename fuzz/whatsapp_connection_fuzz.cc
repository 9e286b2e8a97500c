// deps: whatsapp
// Arbitrary decrypted frames into a connection in each of its states. Whatever comes: the session ends at
// most once and says nothing after that, it always has a deadline, and what it holds and sends stays in
// proportion to what came.
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "base/ids.h"
#include "binary/encoder.h"
#include "noise/certificate.h"
#include "proto/adv.pb.h"
#include "whatsapp/session_core.h"
#include "whatsapp/stanza.h"

using namespace patchbay;
using namespace patchbay::whatsapp;
using binary::Node;

namespace {

constexpr WallTime kWall{Milliseconds(1'700'000'000'000)};

Credentials linked() {
  Credentials out = make_credentials();
  out.jid = "15551234567:12@s.whatsapp.net";
  out.push_name = "Ada";
  proto::ADVSignedDeviceIdentity account;
  account.set_details("d");
  account.set_account_signature_key(Bytes(32, 'k'));
  account.set_account_signature(Bytes(64, 'a'));
  account.set_device_signature(Bytes(64, 'd'));
  out.account = account.SerializeAsString();
  return out;
}

// What stands for the rest of the world.
class World {
 public:
  explicit World(bool is_linked) : linked_(is_linked) {
    static const Bytes credentials = serialize(linked());
    core_.start(is_linked ? credentials : Bytes(), now());
    pump();
  }
  Instant now() const { return {SteadyTime(Milliseconds(1'000) + passed_), kWall + passed_}; }
  SessionCore& core() { return core_; }
  void give(std::string_view plain) {
    if (!cipher_) return;
    Bytes frame;
    noise::append_frame(frame, cipher_->encrypt(plain));
    core_.received(frame, now());
    pump();
  }
  void say(const Node& node) { give(binary::encode(node)); }
  void advance(Milliseconds by) {
    passed_ += by;
    core_.time_passed(now());
    pump();
  }
  void pump() {
    for (;;) {
      auto events = core_.take_events();
      if (events.empty()) break;
      for (auto& event : events) {
        if (ended_) abort();
        std::visit([this](auto& what) { handle(what); }, event);
      }
    }
    if (ended_ != core_.is_over()) abort();
    if (!ended_ && !core_.deadline()) abort();
  }
  bool hold_stores = false;
  size_t sent = 0;

 private:
  static const crypto::KeyPair& key(int which) {
    static const crypto::KeyPair keys[] = {crypto::make_key_pair(), crypto::make_key_pair(),
                                           crypto::make_key_pair()};
    return keys[which];
  }
  void handle(session_event::OpenTransport&) {
    static const Bytes chain = noise::issue_certificate_chain(
        key(0), key(1), key(2).public_key,
        {.not_before = kWall, .not_after = kWall + Milliseconds(1'000'000'000'000)});
    cipher_.reset();
    responder_.emplace(noise::Responder::Options{
        .ephemeral = crypto::make_key_pair(), .static_pair = key(2), .certificate_chain = chain});
    hello_ = false;
    core_.transport_opened(now());
  }
  void handle(session_event::Send& event) {
    sent += event.bytes.size();
    if (!responder_ || cipher_) return;
    std::string_view bytes = event.bytes;
    if (!hello_) bytes.remove_prefix(noise::intro_header().size());
    bytes.remove_prefix(noise::kFrameHeaderBytes);
    if (!std::exchange(hello_, true)) {
      const auto answer = responder_->on_client_hello(bytes);
      if (!answer) abort();
      Bytes frame;
      noise::append_frame(frame, *answer);
      core_.received(frame, now());
    } else {
      if (!responder_->on_client_finish(bytes)) abort();
      cipher_.emplace(responder_->take_cipher());
    }
  }
  void handle(session_event::CloseTransport&) {
    cipher_.reset();
    responder_.reset();
  }
  void handle(session_event::Store& event) {
    if (!hold_stores) core_.stored(event.ticket, true, now());
  }
  void handle(session_event::Keep& event) {
    if (!hold_stores) core_.kept(event.ticket, true, now());
  }
  // Without the slow derivation.
  void handle(session_event::Compute& event) {
    core_.computed(event.ticket, Bytes(linked_ ? kMaxPrekeys * 32 : 32, 'k'), now());
  }
  void handle(session_event::Answer& event) { event.done(std::move(event.status)); }
  void handle(SessionEnd&) { ended_ = true; }
  template <typename Other>
  void handle(Other&) {}

  const bool linked_;
  Milliseconds passed_{0};
  ProfileSource profile_{ClientProfile{.first_prekeys = 3, .more_prekeys = 2}};
  SessionCore core_{
      {.settings = {}, .profile = &profile_, .root = key(0).public_key, .random = random_bytes}};
  std::optional<noise::Responder> responder_;
  std::optional<noise::Cipher> cipher_;
  bool hello_ = false;
  bool ended_ = false;
};

Node from_server(std::string_view tag, std::string_view type, binary::Nodes children) {
  return element(tag, {{"from", "s.whatsapp.net"}, {"id", "i"}, {"type", std::string(type)}},
                 std::move(children));
}

}  // namespace

// The first octet chooses the state; then come steps: an octet below 0x80 and a length in two octets for the
// plaintext of a frame, an octet from 0x80 on for time that passes, half a second each.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const uint8_t state = data[0] % 8;
  std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
  World world(state >= 5);
  if (state >= 1 && state <= 4)
    world.say(from_server(
        "iq", "set", {element("pair-device", {}, {bytes_element("ref", "r1"), bytes_element("ref", "r2")})}));
  if (state == 2) world.core().request_pair_code("15551234567", [](Status) {}, world.now());
  if (state == 3)
    world.say(from_server("notification", "passkey_prologue_request",
                          {bytes_element("passkey_request_options", "{}")}));
  if (state == 3)
    world.core().answer_passkey(
        R"({"rawId":"AQID","response":{"clientDataJSON":"e30","authenticatorData":"AA","signature":"AA"}})",
        [](Status) {}, world.now());
  if (state >= 6) world.say(element("success"));
  if (state == 7) world.core().log_out(world.now());
  world.hold_stores = state == 4;
  world.pump();

  size_t given = 4'096;
  const size_t sent_before = world.sent;
  while (!input.empty()) {
    const uint8_t op = static_cast<uint8_t>(input.front());
    input.remove_prefix(1);
    if (op >= 0x80) {
      world.advance(Milliseconds(500) * (op - 0x7f));
      given += 4'096;  // pings, a restart's handshake
      continue;
    }
    if (input.size() < 2) break;
    const size_t length = static_cast<uint8_t>(input[0]) * 256u + static_cast<uint8_t>(input[1]);
    const std::string_view plain = input.substr(2, length);
    input.remove_prefix(2 + plain.size());
    given += 8'192 + plain.size() * 8;
    world.give(plain);
  }
  if (world.sent - sent_before > given) abort();
  world.core().close(world.now());
  world.pump();
  if (!world.core().is_over()) abort();
  return 0;
}
