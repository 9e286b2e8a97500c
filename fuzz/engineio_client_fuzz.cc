// deps: engineio
// The client's session against a server that says anything at any time, polling and WebSocket. Input: a byte
// of options, then steps: what happens, the length of its text, the text. The session must keep to its Io's
// rules: one GET, one POST and one WebSocket at a time, and silence after its end.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>

#include "engineio/client_session.h"

namespace {

using namespace patchbay;
using engineio::ClientSession;

void require(bool condition) {
  if (!condition) std::abort();
}

class World final : public ClientSession::Io, public ClientSession::Application {
 public:
  bool polling = false, posting = false, websocket = false, opened = false, over = false, told = false;
  bool flush_asked = false;

  void poll() override { begin(polling); }
  void post(std::string body) override {
    require(!body.empty());
    begin(posting);
  }
  void open_websocket() override {
    begin(websocket);
    opened = false;
  }
  void websocket_text(std::string_view, std::string_view) override { require(websocket && !over); }
  void websocket_binary(std::string_view) override { require(websocket && !over); }
  void close_websocket(uint16_t, std::string_view) override { websocket = false; }
  void drop_websocket() override { websocket = false; }
  void set_deadline(SteadyTime) override { require(!over); }
  void request_flush() override { flush_asked = true; }
  void forget() override { over = true; }
  void on_open() override { require(!told); }
  void on_text(std::string_view) override { require(!told); }
  void on_binary(std::string_view) override { require(!told); }
  void on_close(engineio::CloseReason, const Error& error) override {
    require(!told && !error.message.empty());
    told = true;
  }

 private:
  void begin(bool& what) {
    require(!what && !over);
    what = true;
  }
};

constexpr std::string_view kOpen =
    R"(0{"sid":"abc","upgrades":["websocket"],"pingInterval":300,"pingTimeout":200,"maxPayload":50})";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using engineio::TransportKind;
  if (size < 1) return 0;
  ClientSession::Options options{.max_message_bytes = 200, .max_buffered_bytes = 100};
  if ((data[0] & 1) != 0) options.transports = {TransportKind::kWebSocket, TransportKind::kPolling};
  if ((data[0] & 2) != 0) options.upgrade = false;
  World world;
  ClientSession session(options, world, world);
  SteadyTime now{Milliseconds(1'000)};
  session.open(now);
  for (size_t at = 1; at + 1 < size && !world.over;) {
    const uint8_t what = data[at];
    const size_t length = std::min<size_t>(data[at + 1], size - at - 2);
    const std::string text(reinterpret_cast<const char*>(data) + at + 2, length);
    at += 2 + length;
    now += Milliseconds(what >> 4);
    switch (what & 15) {
      case 0:
      case 1:
        if (!world.polling) break;
        world.polling = false;
        session.on_poll_answer(what & 16 ? 400 : 200, (what & 1) != 0 ? kOpen : std::string_view(text), now);
        break;
      case 2:
        if (!world.posting) break;
        world.posting = false;
        session.on_post_done(now);
        break;
      case 3:
        if (!world.posting) break;
        world.posting = false;
        session.on_post_failed({ErrorCode::kInternal, "post", {}}, now);
        break;
      case 4:
        if (!world.polling) break;
        world.polling = false;
        session.on_poll_failed({ErrorCode::kInternal, "poll", {}}, now);
        break;
      case 5:
        // Opened or refused once, and only then spoken to or closed.
        if (world.websocket && !std::exchange(world.opened, true)) session.on_websocket_open(now);
        break;
      case 6:
      case 7:
        if (world.websocket && world.opened) session.on_websocket_message((what & 1) != 0, text, now);
        break;
      case 8:
        if (world.websocket && world.opened)
          session.on_websocket_message(false, (what & 16) != 0 ? kOpen : "3probe", now);
        break;
      case 9:
        if (!world.websocket || !world.opened) break;
        world.websocket = false;
        session.on_websocket_closed(1006, text, now);
        break;
      case 10:
        if (!world.websocket || world.opened) break;
        world.websocket = false;
        session.on_websocket_refused({ErrorCode::kInternal, "refused", {}}, now);
        break;
      case 11:
        session.send_text(text);
        break;
      case 12:
        session.send_binary(text);
        break;
      case 13:
        now += Milliseconds(600);
        session.on_deadline(now);
        break;
      case 14:
        session.close(now);
        break;
      default:
        if (std::exchange(world.flush_asked, false)) session.flush();
    }
    require(session.buffered_bytes() <= 400);
  }
  require(!world.over || session.is_over());
  return 0;
}
