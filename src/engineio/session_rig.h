// For tests only: a session whose Io and application write down what they are told, and a clock that moves by
// hand. Not for production code; one thread.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engineio/session.h"

namespace patchbay::engineio::test {

using namespace std::chrono_literals;

// Records what the session wants done and what it tells.
struct Rig final : Session::Io, Session::Application {
  explicit Rig(const SessionOptions& options = {}, Dialect dialect = {}) : context(options) {
    session.emplace(SessionId::generate(0), context, *this, dialect);
  }
  void open(TransportKind kind) {
    session->open(kind, now);
    session->set_application(*this);
  }
  void advance(Milliseconds by) {
    const SteadyTime end = now + by;
    while (deadline && *deadline <= end) {
      now = *deadline;
      deadline.reset();
      session->on_deadline(now);
    }
    now = end;
  }
  // Ends the turn.
  void flush() {
    if (std::exchange(flush_requested, false)) session->flush();
  }
  std::vector<std::string> take_log() { return std::exchange(log, {}); }

  void answer_poll(std::string body, BodyKind kind, bool compress) override {
    poll_compress = compress;
    log.push_back((kind == BodyKind::kText ? "poll:" : "octets:") + body);
  }
  void websocket_control(std::string_view packet) override { log.push_back("ws:" + std::string(packet)); }
  void websocket_text(std::string_view text, bool) override { log.push_back("ws:4" + std::string(text)); }
  void websocket_binary(std::string_view bytes, bool) override { log.push_back("wsb:" + std::string(bytes)); }
  void websocket_frame(const websocket::SharedFrame& frame) override {
    log.push_back("frame:" + std::string(frame.plain()->view()));
  }
  void close_websocket(uint16_t code, std::string_view) override {
    log.push_back("close:" + std::to_string(code));
  }
  void candidate_control(std::string_view packet) override {
    log.push_back("candidate:" + std::string(packet));
  }
  void close_candidate() override { log.push_back("candidate closed"); }
  void promote_candidate() override { log.push_back("promoted"); }
  void set_deadline(SteadyTime when) override { deadline = when; }
  void request_flush() override { flush_requested = true; }
  void forget() override {
    forgotten = true;
    deadline.reset();
  }
  void on_text(std::string_view text) override { log.push_back("text:" + std::string(text)); }
  void on_binary(std::string_view bytes) override { log.push_back("binary:" + std::string(bytes)); }
  void on_close(CloseReason reason) override { log.push_back("closed:" + std::string(to_string(reason))); }

  SessionContext context;
  std::optional<Session> session;
  SteadyTime now{1000ms};
  std::optional<SteadyTime> deadline;
  bool flush_requested = false;
  bool forgotten = false;
  bool poll_compress = false;  // of the last answer
  std::vector<std::string> log;
};

using Log = std::vector<std::string>;

inline SessionOptions short_timers() {
  return {.ping_interval = 300ms, .ping_timeout = 200ms};
}

}  // namespace patchbay::engineio::test
