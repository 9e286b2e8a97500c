// For tests: drives one InstanceMachine by hand, with its own time, and puts what came out into words.
#pragma once

#include <string>
#include <utility>

#include "manager/instance_machine.h"

namespace patchbay::manager {

using namespace std::chrono_literals;
using whatsapp::CloseReason;

// Remembers what came out of the last input.
struct Driver {
  explicit Driver(MachineOptions options = {}, MachineRecord record = {}, bool linked = false)
      : machine(options, std::move(record), true, linked) {}

  Driver& feed(MachineInput input) {
    effects = machine.handle(input, now, random);
    return *this;
  }
  Driver& wait(Milliseconds by) {
    now.steady += by;
    now.wall += by;
    return *this;
  }
  // Until the deadline, and a tick there.
  Driver& expire() {
    wait(*machine.deadline() - now.steady);
    return feed(DeadlinePassed{});
  }
  Driver& qr(int attempt = 1) {
    return feed(whatsapp::QrCode{
        .text = "2@" + std::to_string(attempt), .valid_for = 60s, .attempt = attempt, .max_attempts = 3});
  }
  Driver& pair_code() { return feed(whatsapp::PairCode{.code = "ABCD-EFGH", .valid_for = 180s}); }
  Driver& passkey() {
    return feed(whatsapp::PasskeyRequest{.options_json = R"({"rpId":"whatsapp.com"})", .valid_for = 300s});
  }
  Driver& passkey_code() { return feed(whatsapp::PasskeyCode{.code = "WXYZ-1234", .valid_for = 300s}); }
  Driver& connected() {
    return feed(SessionConnected{{.jid = "1555:1@s.whatsapp.net", .phone = "1555", .display_name = "Ada"}});
  }
  Driver& end(CloseReason reason, bool gone = false, bool retry = false) {
    return feed(whatsapp::SessionEnd{
        .reason = reason, .text = "It ended.", .credentials_gone = gone, .retry_makes_sense = retry});
  }
  Driver& link() {
    feed(Operation::kConnect).qr().feed(PhonePaired{});
    machine.set_linked();
    return connected();
  }
  Driver& drop() { return end(CloseReason::kNetworkLost, false, true); }

  const MachineRecord& record() const { return machine.record(); }
  std::string status() const { return std::string(to_string(record().status)); }
  std::string next() const { return std::string(to_string(record().next_step.what)); }
  // "RECONNECTING open +events", without the events that only repeat the status.
  std::string outcome() const {
    if (!effects.accepted) return "refused " + std::string(to_string(effects.accepted.error().code));
    std::string out = status();
    for (const SessionCommand command : effects.commands)
      out += command == SessionCommand::kOpen     ? " open"
             : command == SessionCommand::kClose  ? " close"
             : command == SessionCommand::kLogOut ? " logout"
                                                  : " drop";
    if (effects.delete_credentials) out += " forget";
    if (effects.removed) out += " removed";
    if (effects.stopped) out += " stopped";
    for (const EventDraft& event : effects.events)
      out += event.type == InstanceEventType::kStatusChanged       ? " +status"
             : event.type == InstanceEventType::kQrGenerated       ? " +qr"
             : event.type == InstanceEventType::kPairCodeGenerated ? " +code"
             : event.type == InstanceEventType::kPasskeyRequired   ? " +passkey"
             : event.type == InstanceEventType::kPasskeyCode       ? " +compare"
             : event.type == InstanceEventType::kConnected         ? " +connected"
             : event.type == InstanceEventType::kDisconnected      ? " +disconnected"
                                                                   : " +error";
    return out;
  }

  InstanceMachine machine;
  Moment now{SteadyTime(Milliseconds(1'000)), WallTime(Milliseconds(1'700'000'000'000))};
  double random = 0.5;  // no jitter: the middle
  Effects effects;
};

}  // namespace patchbay::manager
