// What session_test_support.h declares.
#include <algorithm>

#include "crypto/digest.h"
#include "whatsapp/session_test_support.h"

namespace patchbay::whatsapp::test {

namespace event = session_event;

// --- The phone ---

Bytes Phone::device_identity(const crypto::Key32& device_identity, std::string_view adv_secret,
                             uint32_t key_index, bool hosted) const {
  proto::ADVDeviceIdentity details;
  details.set_raw_id(77);
  details.set_timestamp(1'700'000'000);
  details.set_key_index(key_index);
  if (hosted) details.set_device_type(proto::HOSTED);
  proto::ADVSignedDeviceIdentity identity_record;
  identity_record.set_details(details.SerializeAsString());
  identity_record.set_account_signature_key(Bytes(crypto::view(identity.public_key)));
  const Bytes text = Bytes(hosted ? std::string_view("\x06\x05", 2) : std::string_view("\x06\x00", 2))
                         .append(identity_record.details())
                         .append(crypto::view(device_identity));
  identity_record.set_account_signature(Bytes(crypto::view(crypto::xeddsa_sign(identity.private_key, text))));
  proto::ADVSignedDeviceIdentityHMAC container;
  container.set_details(identity_record.SerializeAsString());
  if (hosted) container.set_account_type(proto::HOSTED);
  container.set_hmac(crypto::hmac_sha256(
      adv_secret,
      Bytes(hosted ? std::string_view("\x06\x05", 2) : std::string_view()) + container.details()));
  return container.SerializeAsString();
}

Node Phone::pair_success(std::string_view device_identity, std::string_view jid, std::string_view lid) {
  return element(
      "iq", {{"from", "s.whatsapp.net"}, {"type", "set"}, {"id", "pair-1"}},
      {element("pair-success", {},
               {bytes_element("device-identity", device_identity),
                element("device", {{"jid", std::string(jid)}, {"lid", std::string(lid)}}),
                element("platform", {{"name", "android"}}), element("biz", {{"name", "Ada's shop"}})})});
}

QrContent read_qr(std::string_view text) {
  QrContent out;
  constexpr std::string_view kStart = "https://wa.me/settings/linked_devices#";
  EXPECT_TRUE(text.starts_with(kStart)) << text;
  text.remove_prefix(std::min(text.size(), kStart.size()));
  std::vector<std::string> parts(1);
  for (const char c : text) c == ',' ? parts.emplace_back() : (parts.back().push_back(c), parts.back());
  if (parts.size() != 5) {
    ADD_FAILURE() << text;
    return out;
  }
  out.ref = parts[0];
  out.noise = crypto::to_key(base64_decode(parts[1]).value_or("")).value_or(crypto::Key32{});
  out.identity = crypto::to_key(base64_decode(parts[2]).value_or("")).value_or(crypto::Key32{});
  out.adv_secret = crypto::to_key(base64_decode(parts[3]).value_or("")).value_or(crypto::Key32{});
  out.client_type = parts[4];
  return out;
}

Credentials linked_credentials() {
  Credentials out = make_credentials();
  out.jid = "15551234567:12@s.whatsapp.net";
  out.lid = "99887766554433:12@lid";
  out.push_name = "Ada";
  out.signed_prekey_made_at = to_unix_ms(ManualClock().wall_now()) / 1'000;
  proto::ADVSignedDeviceIdentity account;
  account.set_details("details");
  account.set_account_signature_key(Bytes(32, 'k'));
  account.set_account_signature(Bytes(64, 'a'));
  account.set_device_signature(Bytes(64, 'd'));
  out.account = account.SerializeAsString();
  add_prekeys(out, 30, [](std::span<uint8_t> bytes) { random_bytes(bytes); });
  confirm_upload(out, 30);
  return out;
}

// --- The world ---

World::World() {
  profile.set({.first_prekeys = 20, .low_prekeys = 5, .more_prekeys = 10});
}
World::~World() = default;

void World::open(const Bytes& credentials) {
  core = std::make_unique<SessionCore>(SessionCore::Options{
      .settings = settings, .profile = &profile, .root = authority.root.public_key, .random = random_bytes});
  core->start(credentials, now());
  pump();
}

void World::show_codes() {
  open();
  Nodes refs;
  for (int i = 1; i <= 6; ++i) refs.push_back(bytes_element("ref", "2@ref" + std::to_string(i)));
  say(element("iq", {{"from", "s.whatsapp.net"}, {"type", "set"}, {"id", "qr-1"}, {"xmlns", "md"}},
              {element("pair-device", {}, std::move(refs))}));
}

void World::log_in(Credentials credentials) {
  open(credentials);
  say(element("success", {{"t", "1700000000"}, {"lid", credentials.lid}}));
  answer("count", {element("count", {{"value", "30"}})});
  answer("active");
  answer("digest");
  peer->received.clear();
  heard.clear();
}

void World::scan() {
  const QrContent code = read_qr(codes.back().text);
  say(Phone::pair_success(phone.device_identity(code.identity, crypto::view(code.adv_secret))));
}

void World::pump() {
  for (;;) {
    auto events = core->take_events();
    if (events.empty()) return;
    for (SessionEvent& one : events) std::visit([this](auto& what) { handle(what); }, one);
  }
}

void World::advance(Milliseconds by) {
  const SteadyTime target = clock.steady_now() + by;
  for (;;) {
    const auto due = core->deadline();
    if (!due || *due > target) break;
    clock.advance(std::max(Milliseconds(0), *due - clock.steady_now()));
    core->time_passed(now());
    pump();
  }
  clock.advance(target - clock.steady_now());
}

void World::say(const Node& node) {
  ASSERT_TRUE(peer && peer->is_open()) << "no connection to say <" << node.tag << "> on";
  say_bytes(peer->encode(node));
}

void World::say_bytes(std::string_view bytes) {
  if (!byte_by_byte) {
    core->received(bytes, now());
    return pump();
  }
  for (const char& byte : bytes) {
    core->received({&byte, 1}, now());
    pump();
  }
}

Node World::expect(std::string_view tag) {
  const auto at =
      peer ? std::ranges::find(peer->received, tag, &Node::tag) : decltype(peer->received.begin())();
  if (!peer || at == peer->received.end()) {
    ADD_FAILURE() << "the client sent no <" << tag << ">";
    return {};
  }
  Node out = std::move(*at);
  peer->received.erase(at);
  return out;
}

bool World::has_query(std::string_view child) const {
  return peer && std::ranges::any_of(peer->received, [&](const Node& node) {
           return node.tag == "iq" && node.child(child) != nullptr;
         });
}

Node World::expect_query(std::string_view child) {
  if (!has_query(child)) {
    ADD_FAILURE() << "the client did not ask for <" << child << ">";
    return {};
  }
  const auto at = std::ranges::find_if(
      peer->received, [&](const Node& node) { return node.tag == "iq" && node.child(child) != nullptr; });
  Node out = std::move(*at);
  peer->received.erase(at);
  return out;
}

void World::answer(std::string_view child, Nodes children) {
  const Node query = expect_query(child);
  Node out = element(
      "iq", {{"from", "s.whatsapp.net"}, {"type", "result"}, {"id", std::string(query.attribute("id"))}});
  if (!children.empty()) out.content = std::move(children);
  say(out);
}

void World::answer_error(std::string_view child, int code, std::string_view text) {
  const Node query = expect_query(child);
  say(element("iq",
              {{"from", "s.whatsapp.net"}, {"type", "error"}, {"id", std::string(query.attribute("id"))}},
              {element("error", {{"code", std::to_string(code)}, {"text", std::string(text)}})}));
}

void World::store(bool ok) {
  ASSERT_FALSE(waiting_stores_.empty());
  const uint64_t ticket = waiting_stores_.front();
  waiting_stores_.erase(waiting_stores_.begin());
  core->stored(ticket, ok, now());
  pump();
}

void World::keep(bool ok) {
  for (const uint64_t ticket : std::exchange(waiting_keeps_, {})) {
    core->kept(ticket, ok, now());
    pump();
  }
}

void World::work() {
  for (event::Compute& one : std::exchange(waiting_work_, {})) {
    core->computed(one.ticket, one.work(), now());
    pump();
  }
}

void World::handle(event::OpenTransport&) {
  ++connections;
  peer.reset();
  if (!accept_connections) return;
  peer =
      std::make_unique<Peer>(authority, chain.empty() ? authority.chain(clock.wall_now()) : chain, accept_ik);
  core->transport_opened(now());
}

void World::handle(event::Send& sent) {
  sent_bytes += sent.bytes.size();
  ASSERT_TRUE(peer) << "sent without a connection";
  const Bytes back = peer->feed(sent.bytes);
  // Later, as on a wire.
  if (back.empty()) return;
  if (!byte_by_byte) return core->received(back, now());
  for (const char& byte : back) core->received({&byte, 1}, now());
}

void World::handle(event::CloseTransport&) {
  heard.push_back("disconnect");
  peer.reset();
}

void World::handle(event::Store& event) {
  heard.push_back("store");
  stores.push_back(event.credentials);
  if (hold_stores) return waiting_stores_.push_back(event.ticket);
  core->stored(event.ticket, true, now());
}

void World::handle(event::Keep& event) {
  held.push_back(std::move(event.stanza));
  if (hold_keeps) return waiting_keeps_.push_back(event.ticket);
  core->kept(event.ticket, true, now());
}

void World::handle(event::Compute& event) {
  if (hold_work) return waiting_work_.push_back(std::move(event));
  core->computed(event.ticket, event.work(), now());
}

void World::handle(QrCode& code) {
  heard.push_back("qr " + std::to_string(code.attempt));
  codes.push_back(code);
}
void World::handle(PairCode& code) {
  heard.push_back("pair code");
  pair_code = code;
}
void World::handle(PasskeyRequest& request) {
  heard.push_back("passkey");
  passkey = request;
}
void World::handle(PasskeyCode& code) {
  heard.push_back("passkey code");
  passkey_code = code;
}
void World::handle(event::Paired& event) {
  heard.push_back("paired");
  identity = event.identity;
}
void World::handle(event::Connected& event) {
  heard.push_back("connected");
  identity = event.identity;
}
void World::handle(event::Answer& event) {
  heard.push_back(event.status ? "answered"
                               : "answered " + std::string(to_string(event.status.error().code)));
  answers.push_back(event.status);
  event.done(std::move(event.status));
}
void World::handle(event::CaughtUp& event) {
  caught_up = event.unread;
}
void World::handle(SessionEnd& how) {
  heard.push_back("end " + std::string(to_string(how.reason)));
  EXPECT_FALSE(end) << "a session ends once";
  end = how;
}

}  // namespace patchbay::whatsapp::test
