#include "sandbox/connection.h"

#include <algorithm>

#include "binary/decoder.h"
#include "binary/encoder.h"
#include "proto/client_payload.pb.h"
#include "sandbox/device_session.h"
#include "sandbox/pairing_session.h"
#include "sandbox/registration.h"
#include "sandbox/stanza.h"

namespace patchbay::sandbox {
namespace {

constexpr std::string_view kRoutingIntro{"ED\x00\x01", 4};
constexpr size_t kMaxRoutingBytes = 4'096;
constexpr Milliseconds kTick{1'000};
constexpr Milliseconds kSplitDelay{3};
// Frames that a delay may hold back; past it the connection is dropped.
constexpr size_t kMaxDelayed = 5'000;
// Of one frame of a client.
constexpr binary::DecodeLimits kDecodeLimits{
    .max_depth = 16, .max_nodes = 50'000, .max_inflated_bytes = 8u << 20, .strict = true};

}  // namespace

Connection::Connection(Network& network, Io& io)
    : network_(network),
      io_(io),
      number_(network.add(*this)),
      reader_(kMaxFrameBytes),
      faults_(network.faults().take_for_connection()),
      opened_(network.now()),
      heard_(opened_) {
  schedule_tick();
}

Connection::~Connection() {
  session_.reset();
  network_.remove(*this);
}

void Connection::violation(std::string_view rule, std::string_view description) {
  network_.violations().add({.time = network_.wall_now(),
                             .rule = std::string(rule),
                             .device = session_ ? session_->who() : std::string(),
                             .connection = number_,
                             .description = std::string(description.substr(0, 1'000))});
}

void Connection::protocol_error(std::string_view rule, std::string_view description) {
  violation(rule, description);
  close(true);
}

// --- What comes -------------------------------------------------------------------------------------------

void Connection::on_bytes(std::string_view bytes) {
  if (stage_ == Stage::kEnded || stalled_) return;
  heard_ = network_.now();
  silent_ = false;
  if (stage_ == Stage::kIntro && !take_intro(bytes)) return;
  const Status read = reader_.feed(bytes, [this](std::string_view payload) { return on_frame(payload); });
  if (!read) protocol_error("frame.too-large", read.error().message);
}

void Connection::on_closed(std::string_view reason) {
  if (stage_ == Stage::kEnded) return;
  if (!reason.empty()) violation("websocket.protocol", reason);
  stage_ = Stage::kEnded;
  session_.reset();
}

void Connection::abandon() {
  close(false);
  session_.reset();
}

// The header may come in pieces; what follows it stays in `bytes`.
bool Connection::take_intro(std::string_view& bytes) {
  while (!bytes.empty()) {
    intro_ += bytes.front();
    bytes.remove_prefix(1);
    const std::string_view have = intro_;
    const bool routed = have.front() == kRoutingIntro.front();
    const std::string_view expected = routed ? kRoutingIntro : noise::kIntro;
    const size_t checked = std::min(have.size(), expected.size());
    if (have.substr(0, checked) != expected.substr(0, checked)) {
      protocol_error("intro.invalid", "the connection does not begin with the intro header");
      return false;
    }
    size_t header = 0;
    if (routed) {
      constexpr size_t kLengthBytes = 3;
      if (have.size() < kRoutingIntro.size() + kLengthBytes) continue;
      const size_t length = *from_big_endian(have.substr(kRoutingIntro.size(), kLengthBytes), kLengthBytes);
      if (length > kMaxRoutingBytes) {
        protocol_error("intro.invalid", "the routing information is longer than any that was given out");
        return false;
      }
      header = kRoutingIntro.size() + kLengthBytes + length;
      if (have.size() <= header) continue;
    }
    const std::string_view intro = have.substr(header);
    if (intro != noise::kIntro.substr(0, intro.size())) {
      protocol_error("intro.invalid", "the intro header is not WA, 6, 3");
      return false;
    }
    if (intro.size() < noise::kIntro.size()) continue;
    stage_ = Stage::kHello;
    intro_.clear();
    return true;
  }
  return false;
}

bool Connection::on_frame(std::string_view payload) {
  switch (stage_) {
    case Stage::kHello:
      on_hello(payload);
      break;
    case Stage::kFinish:
      on_finish(payload);
      break;
    case Stage::kOpen:
      on_stanza(payload);
      break;
    case Stage::kIntro:
    case Stage::kEnded:
      break;
  }
  return stage_ != Stage::kEnded;
}

void Connection::on_hello(std::string_view payload) {
  responder_.emplace(noise::Responder::Options{.ephemeral = network_.random().key_pair(),
                                               .static_pair = network_.server_static(),
                                               .certificate_chain = network_.certificate_chain(faults_),
                                               .accept_ik = network_.options().accept_ik});
  const auto answer = responder_->on_client_hello(payload);
  if (!answer) return protocol_error("handshake.invalid", answer.error().message);
  stage_ = Stage::kFinish;
  send_frame(*answer);
  if (stage_ == Stage::kFinish && responder_->done()) on_client_payload();
}

void Connection::on_finish(std::string_view payload) {
  if (const Status done = responder_->on_client_finish(payload); !done)
    return protocol_error("handshake.invalid", done.error().message);
  on_client_payload();
}

void Connection::on_client_payload() {
  client_static_ = responder_->client_static();
  proto::ClientPayload payload;
  const bool readable = payload.ParseFromString(std::string(responder_->client_payload()));
  cipher_.emplace(responder_->take_cipher());
  responder_.reset();
  stage_ = Stage::kOpen;
  if (!readable) {
    violation("payload.invalid", "the client payload is no ClientPayload");
    return fail_login(400);
  }
  start_session(payload);
}

void Connection::start_session(const proto::ClientPayload& payload) {
  if (const Status sound = check_client_payload(payload); !sound) {
    violation("payload.invalid", sound.error().message);
    return fail_login(400);
  }
  Account* account = nullptr;
  if (!payload.has_device_pairing_data()) {
    account = network_.find(std::to_string(payload.username()));
    if (account != nullptr)
      for (Fault& fault : network_.faults().take_for_account(account->number))
        faults_.push_back(std::move(fault));
  }
  if (const Fault* const refusal = fault(FaultKind::kRefuse))
    return fail_login(static_cast<int>(refusal->code),
                      refusal->code == 402 ? binary::Attributes{{"code", "101"}, {"expire", "3600"}}
                                           : binary::Attributes{});
  if (!is_recent(payload, network_.options().min_version)) return fail_login(405);
  if (fault(FaultKind::kDowngrade) != nullptr)
    return end(parent("ib", {{"from", std::string(binary::kUserServer)}}, {leaf("downgrade_webclient")}));
  if (payload.has_device_pairing_data()) {
    auto registration = parse_registration(payload);
    if (!registration) {
      violation("registration.invalid", registration.error().message);
      return fail_login(400);
    }
    return begin(std::make_unique<PairingSession>(*this, std::move(*registration)));
  }
  // The device is who its noise key says; everything else follows from the account.
  Device* device = nullptr;
  if (account != nullptr)
    if (const auto found = account->devices.find(static_cast<uint16_t>(payload.device()));
        found != account->devices.end() && found->first != 0)
      device = &found->second;
  if (device == nullptr || device->noise != client_static_) return fail_login(401);
  switch (account->state) {
    case AccountState::kOk:
      break;
    case AccountState::kLocked:
      return fail_login(403,
                        {{"logout_message_header", "Logged out"},
                         {"logout_message_subtext", "Your account is locked. Open WhatsApp on your phone."}});
    case AccountState::kBanned:
      return fail_login(406);
    case AccountState::kTemporarilyBanned:
      if (network_.wall_now() < account->banned_until)
        return fail_login(
            402, {{"code", "101"},
                  {"expire", std::to_string((account->banned_until - network_.wall_now()).count() / 1'000)}});
      account->state = AccountState::kOk;
  }
  begin(std::make_unique<DeviceSession>(*this, *account, *device, payload.passive()));
}

void Connection::begin(std::unique_ptr<Session> session) {
  session_ = std::move(session);
  session_->start();
}

void Connection::fail_login(int reason, binary::Attributes more) {
  binary::Node failure = leaf("failure", {{"reason", std::to_string(reason)}, {"location", "sbx"}});
  for (auto& attribute : more) failure.attributes.push_back(std::move(attribute));
  end(failure);
}

void Connection::on_stanza(std::string_view payload) {
  const auto plain = cipher_->decrypt(payload);
  if (!plain) return protocol_error("frame.invalid", "a frame's authentication tag does not fit");
  const auto node = binary::decode(*plain, kDecodeLimits);
  if (!node) return protocol_error("node.malformed", node.error().message);
  session_->on_node(*node);
}

// --- What all sessions need -------------------------------------------------------------------------------

bool Connection::check_iq(const binary::Node& iq) {
  const std::string id(iq.attribute("id"));
  if (id.empty() || id.size() > 256) {
    violation("iq.id-missing", "an iq has no id, or one longer than 256 bytes: " + describe(iq, 300));
    return false;
  }
  if (iq.attribute("type") != "get" && iq.attribute("type") != "set") {
    violation("iq.type-invalid", "an iq is neither get, set, result nor error: " + describe(iq, 300));
    return false;
  }
  if (iq_ids_.size() >= kMaxRememberedIds) iq_ids_.clear();
  if (!iq_ids_.insert(id).second)
    violation("iq.id-reused", "the id of an iq was used before: " + describe(iq, 300));
  return true;
}

bool Connection::take_iq_answer(const binary::Node& iq) {
  if (iq.attribute("type") != "result" && iq.attribute("type") != "error") return false;
  if (answers_.answered("iq", std::string(iq.attribute("id"))) == Answers::Verdict::kUnknown)
    violation("iq.result-unexpected", "an iq answers nothing that was asked: " + describe(iq, 300));
  return true;
}

std::string Connection::ask(binary::Node iq) {
  const std::string id = network_.next_id();
  iq.set("id", id);
  expect("iq", id);
  send(iq);
  return id;
}

void Connection::expect(const std::string& kind, const std::string& id) {
  answers_.expect(kind, id, network_.now() + network_.options().answer_deadline);
}

// --- What leaves ------------------------------------------------------------------------------------------

const Fault* Connection::fault(FaultKind kind) const {
  const auto found = std::ranges::find(faults_, kind, &Fault::kind);
  return found == faults_.end() ? nullptr : &*found;
}

bool Connection::due(FaultKind kind, Fault* taken) {
  const auto found = std::ranges::find_if(
      faults_, [&](const Fault& fault) { return fault.kind == kind && frames_ >= fault.after_frames; });
  if (found == faults_.end()) return false;
  if (taken != nullptr) *taken = *found;
  faults_.erase(found);
  return true;
}

void Connection::send(const binary::Node& node) {
  if (stage_ != Stage::kOpen || stalled_) return;
  Fault taken;
  if (due(FaultKind::kStreamError, &taken)) {
    binary::Node error = leaf("stream:error");
    if (taken.code != 0) error.set("code", std::to_string(taken.code));
    if (!taken.conflict.empty()) error.content = binary::Nodes{leaf("conflict", {{"type", taken.conflict}})};
    return end(error);
  }
  if (due(FaultKind::kEnd)) return end(leaf("xmlstreamend"));
  send_frame(cipher_->encrypt(binary::encode(node)));
}

void Connection::send_frame(std::string_view payload) {
  if (stage_ == Stage::kEnded || stalled_) return;
  if (due(FaultKind::kDrop)) return close(false);
  if (due(FaultKind::kStall)) {
    stalled_ = true;
    return;
  }
  const bool corrupt = due(FaultKind::kCorrupt);
  const bool replay = due(FaultKind::kReplay);
  ++frames_;
  Bytes changed;
  if (corrupt) {
    changed = Bytes(payload);
    changed[changed.size() / 2] = static_cast<char>(changed[changed.size() / 2] ^ 0x20);
    payload = changed;
  }
  std::string bytes;
  (void)noise::append_frame(bytes, payload);
  if (replay) (void)noise::append_frame(bytes, payload);
  const Fault* const delay = fault(FaultKind::kDelay);
  if (delay == nullptr) return write(std::move(bytes));
  later(Milliseconds(delay->delay_ms),
        [this, bytes = std::move(bytes)]() mutable { write(std::move(bytes)); });
}

void Connection::later(Milliseconds delay, Task task) {
  if (delayed_.size() >= kMaxDelayed) return close(false);
  const auto self = delayed_.emplace(delayed_.end());
  *self = network_.executor().run_after(delay, [this, self, task = std::move(task)]() mutable {
    delayed_.erase(self);
    task();
  });
}

void Connection::write(std::string_view bytes) {
  if (fault(FaultKind::kSplit) == nullptr) return io_.send(bytes);
  unsent_ += bytes;
  if (unsent_.size() == bytes.size())
    split_timer_ = network_.executor().run_after(kSplitDelay, [this] { flush_split(); });
}

void Connection::flush_split() {
  const Fault* const split = fault(FaultKind::kSplit);
  std::string bytes = std::exchange(unsent_, {});
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const size_t size = std::min<size_t>(rest.size(), 1 + network_.random().below(split->bytes));
    io_.send(rest.substr(0, size));
    rest.remove_prefix(size);
  }
}

void Connection::end(const binary::Node& last) {
  if (stage_ == Stage::kEnded) return;
  if (cipher_ && !stalled_) send_frame(cipher_->encrypt(binary::encode(last)));
  close(true);
}

void Connection::drop() {
  close(false);
}

void Connection::close(bool politely) {
  if (stage_ == Stage::kEnded) return;
  stage_ = Stage::kEnded;
  // What a fault holds back leaves before that.
  const Fault* const delay = politely ? fault(FaultKind::kDelay) : nullptr;
  if (delay != nullptr && delayed_.size() < kMaxDelayed) {
    later(Milliseconds(delay->delay_ms + 1), [this] {
      if (!unsent_.empty()) flush_split();
      io_.close(true);
    });
    return;
  }
  if (politely && !unsent_.empty()) flush_split();
  if (!politely) delayed_.clear();
  io_.close(politely);
}

// --- Time -------------------------------------------------------------------------------------------------

void Connection::schedule_tick() {
  tick_ = network_.executor().run_after(kTick, [this] { on_tick(); });
}

void Connection::on_tick() {
  if (stage_ == Stage::kEnded) return;
  const SteadyTime now = network_.now();
  const NetworkOptions& options = network_.options();
  if (stage_ != Stage::kOpen && !stalled_ && now - opened_ > options.handshake_deadline)
    return protocol_error("handshake.late", "the handshake was not done in time");
  if (!stalled_) {
    for (const auto& [kind, id] : answers_.overdue(now))
      violation(kind == "iq" ? "iq.result-missing" : "ack.missing",
                "no answer to " + kind + " " + id + " within " +
                    std::to_string(options.answer_deadline.count()) + " ms");
    if (stage_ == Stage::kOpen && !silent_ && now - heard_ > options.keepalive_deadline) {
      silent_ = true;
      violation("keepalive.missing",
                "nothing was heard for " + std::to_string(options.keepalive_deadline.count()) + " ms");
    }
  }
  if (session_ && !stalled_) session_->on_tick();
  if (stage_ != Stage::kEnded) schedule_tick();
}

}  // namespace patchbay::sandbox
