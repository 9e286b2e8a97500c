// deps: engineio
// A whole session without I/O, driven by random calls, packets and times, in both revisions: whatever a peer
// and a server do to it, it must keep its promises to the Io and to the application. Checked here: a poll is
// answered only while one is held, nothing is sent on a WebSocket before there is one or after it was closed,
// the application hears of the end exactly once and of nothing after it, what was forgotten stays silent,
// every deadline lies ahead, polling bodies decode, and messages arrive once and in order.
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>

#include <fuzzer/FuzzedDataProvider.h>

#include "base/bytes.h"
#include "engineio/payload.h"
#include "engineio/payload3.h"
#include "engineio/session.h"

namespace {

using namespace patchbay;
using namespace patchbay::engineio;

void require(bool condition) {
  if (!condition) std::abort();
}

// The peer's view of a session, and the application's.
class World final : Session::Io, Session::Application {
 public:
  explicit World(FuzzedDataProvider& random)
      : random_(random),
        dialect_{.protocol = static_cast<uint8_t>(random.ConsumeBool() ? 3 : 4),
                 .base64_only = random.ConsumeBool()},
        context_({.ping_interval = Milliseconds(300),
                  .ping_timeout = Milliseconds(200),
                  .upgrade_timeout = Milliseconds(100),
                  .max_payload = random.ConsumeIntegralInRange<size_t>(1, 2'000),
                  .max_buffered_bytes = random.ConsumeIntegralInRange<size_t>(100, 10'000),
                  .close_timeout = Milliseconds(500),
                  .allow_upgrades = random.ConsumeBool(),
                  .flood = {.packets_per_second = 500, .packet_burst = 50, .bytes_per_second = 1e5}}),
        session_(SessionId::generate(0), context_, *this, dialect_) {}

  void run() {
    const bool websocket = random_.ConsumeBool();
    websocket_open_ = websocket;
    poll_held_ = !websocket;
    session_.open(websocket ? TransportKind::kWebSocket : TransportKind::kPolling, now_);
    require(!poll_held_);
    session_.set_application(*this);
    while (!forgotten_ && random_.remaining_bytes() > 0) step();
    check_metrics();
  }

 private:
  void step() {
    switch (random_.ConsumeIntegralInRange(0, 16)) {
      case 0:
        poll();
        break;
      case 1:
        if (poll_held_) {
          poll_held_ = false;
          session_.on_poll_aborted();
        }
        break;
      case 2:
        post(random_.ConsumeRandomLengthString(300));
        break;
      case 3:
        post(good_body());
        break;
      case 4:
        if (websocket_open_) session_.on_websocket_text(packet(), now_);
        break;
      case 5:
        if (websocket_open_) session_.on_websocket_binary(random_.ConsumeRandomLengthString(200), now_);
        break;
      case 6:
        if (websocket_open_) {
          websocket_open_ = false;
          session_.on_websocket_closed(random_.PickValueInArray<uint16_t>({1000, 1001, 1002, 1005, 1006}));
        }
        break;
      case 7:
        if (session_.may_upgrade()) {
          require(!candidate_ && !websocket_open_ && context_.options.allow_upgrades);
          candidate_ = true;
          session_.on_candidate_opened(now_);
        }
        break;
      case 8:
        if (candidate_) session_.on_candidate_text("2probe");
        break;
      case 9:
        if (candidate_) session_.on_candidate_text("5");
        break;
      case 10:
        if (candidate_) session_.on_candidate_text(packet());
        break;
      case 11:
        if (candidate_) {
          candidate_ = false;
          session_.on_candidate_closed();
        }
        break;
      case 12:
        send();
        break;
      case 13:
        advance(Milliseconds(random_.ConsumeIntegralInRange(0, 400)));
        break;
      case 14:
        if (std::exchange(flush_wanted_, false)) session_.flush();
        break;
      case 15:
        session_.close(now_,
                       random_.ConsumeBool() ? CloseReason::kForcedClose : CloseReason::kServerShutdown);
        break;
      case 16:
        if (websocket_open_ || candidate_)
          session_.on_websocket_control(random_.ConsumeIntegralInRange<size_t>(0, 125), now_);
        break;
    }
  }

  void poll() {
    const bool was_held = poll_held_;
    poll_held_ = true;
    const bool good = session_.on_poll(now_) == Session::PollVerdict::kHeld;
    // A second poll at once is refused, and ends the session together with the first.
    if (was_held) require(!good && !poll_held_ && ended_);
    if (!good) poll_held_ = false;
  }

  void post(const std::string& body) {
    const BodyKind kind = random_.ConsumeProbability<float>() < 0.2f ? BodyKind::kOctets : BodyKind::kText;
    const auto verdict = session_.on_post(body, kind, now_);
    if (verdict == Session::PostVerdict::kTooLarge) require(body.size() > context_.options.max_payload);
    if (verdict == Session::PostVerdict::kFlood) require(ended_);
  }

  std::string packet() {
    std::string text = random_.ConsumeRandomLengthString(60);
    if (random_.ConsumeBool())
      text.insert(0, 1, random_.PickValueInArray({'0', '1', '2', '3', '4', '5', '6', 'b'}));
    return text;
  }

  std::string good_body() {
    std::string body;
    for (int i = random_.ConsumeIntegralInRange(1, 5); i > 0; --i) {
      const bool binary = random_.ConsumeBool();
      const std::string data = to_hex(random_.ConsumeRandomLengthString(20));
      const Packet packet{.type = binary ? PacketType::kMessage
                                         : random_.PickValueInArray({PacketType::kMessage, PacketType::kPing,
                                                                     PacketType::kPong, PacketType::kClose}),
                          .data = data,
                          .binary = binary};
      dialect_.protocol == 3 ? append_to_payload3(body, packet, BodyKind::kText)
                             : append_to_payload(body, packet);
    }
    return body;
  }

  // Numbered, so that what arrives can be checked.
  void send() {
    const bool binary = random_.ConsumeBool();
    const std::string message =
        std::to_string(next_out_) + std::string(random_.ConsumeIntegralInRange(0, 300), binary ? 'b' : 't');
    bool accepted = false;
    if (random_.ConsumeBool()) {
      accepted = session_.send(binary ? SharedMessage::binary(message) : SharedMessage::text(message));
    } else {
      accepted = binary ? session_.send_binary(message) : session_.send_text(message);
    }
    if (accepted) require(!ended_);
    // The one that made it too much was taken as well, and goes down with the session.
    if (!ended_ && !forgotten_) ++next_out_;
  }

  void advance(Milliseconds by) {
    const SteadyTime end = now_ + by;
    while (!forgotten_ && deadline_ && *deadline_ <= end) {
      now_ = std::max(now_, *deadline_);
      deadline_.reset();
      session_.on_deadline(now_);
    }
    now_ = end;
  }

  // What the peer gets; messages must come in the order in which they were sent.
  void receive(std::string_view data) {
    const std::string number = std::to_string(next_in_++);
    require(data.starts_with(number));
    require(data.find_first_not_of("bt", number.size()) == std::string_view::npos);
  }
  void receive(const Packet& packet) {
    if (packet.type == PacketType::kMessage) receive(packet.data);
  }

  // --- Session::Io ---
  void answer_poll(std::string body, BodyKind kind, bool) override {
    require(poll_held_ && !forgotten_);
    poll_held_ = false;
    const PayloadLimits any{.max_payload = SIZE_MAX};
    const auto visit = [this](const Packet& packet) {
      receive(packet);
      return true;
    };
    if (dialect_.protocol == 3) {
      require(!(dialect_.base64_only && kind == BodyKind::kOctets));
      require(static_cast<bool>(decode_payload3(body, kind, any, visit)));
    } else {
      require(kind == BodyKind::kText && static_cast<bool>(decode_payload(body, any, visit)));
    }
  }
  void websocket_control(std::string_view packet) override {
    require(websocket_open_ && !forgotten_ && !packet.empty());
    if (!packet.starts_with('b')) return;
    require(dialect_.base64_only);
    const auto bytes = base64_decode(packet.substr(dialect_.protocol == 3 ? 2 : 1));
    require(bytes.has_value());
    receive(*bytes);
  }
  void websocket_text(std::string_view text, bool) override {
    require(websocket_open_ && !forgotten_);
    receive(text);
  }
  void websocket_binary(std::string_view bytes, bool) override {
    require(websocket_open_ && !forgotten_ && !dialect_.base64_only);
    if (dialect_.protocol == 3) {
      require(bytes.starts_with('\x04'));
      bytes.remove_prefix(1);
    }
    receive(bytes);
  }
  void websocket_frame(const websocket::SharedFrame& frame) override {
    require(websocket_open_ && !forgotten_);
    std::string_view bytes = frame.plain()->view();
    const bool binary = (bytes[0] & 0x0f) == 2;
    bytes.remove_prefix((bytes[1] & 0x7f) == 126 ? 4 : 2);
    receive(binary ? bytes : bytes.substr(1));
  }
  void close_websocket(uint16_t, std::string_view reason) override {
    require(websocket_open_ && !forgotten_ && reason.size() <= 123);
    websocket_open_ = false;
  }
  void candidate_control(std::string_view packet) override { require(candidate_ && packet == "3probe"); }
  void close_candidate() override {
    require(candidate_);
    candidate_ = false;
  }
  void promote_candidate() override {
    require(candidate_ && !websocket_open_);
    candidate_ = false;
    websocket_open_ = true;
  }
  void set_deadline(SteadyTime when) override {
    require(!forgotten_ && when >= now_);
    deadline_ = when;
  }
  void request_flush() override {
    require(!forgotten_ && !flush_wanted_);
    flush_wanted_ = true;
  }
  void forget() override {
    require(!forgotten_ && ended_ && !poll_held_ && !candidate_);
    forgotten_ = true;
  }

  // --- Session::Application ---
  void on_text(std::string_view) override { require(!ended_ && !forgotten_); }
  void on_binary(std::string_view) override { require(!ended_ && !forgotten_); }
  void on_close(CloseReason) override {
    require(!ended_);
    ended_ = true;
  }
  void on_drain() override { require(!ended_); }
  void on_upgrade() override { require(!ended_ && websocket_open_); }

  void check_metrics() {
    Metrics metrics;
    metrics.add(context_.metrics);
    require(metrics.opened_total() == 1);
    require(metrics.closed_total() == (ended_ ? 1 : 0));
  }

  FuzzedDataProvider& random_;
  const Dialect dialect_;
  SessionContext context_;
  Session session_;
  SteadyTime now_{Milliseconds(1'000)};
  std::optional<SteadyTime> deadline_;
  uint64_t next_out_ = 0;
  uint64_t next_in_ = 0;
  bool poll_held_ = false;
  bool websocket_open_ = false;
  bool candidate_ = false;
  bool flush_wanted_ = false;
  bool ended_ = false;
  bool forgotten_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider random(data, size);
  World(random).run();
  return 0;
}
