#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "manager/instance_machine_driver.h"

namespace patchbay::manager {
namespace {

// --- Every situation against every input ---

// The six states, the ones with something under way told apart.
const std::map<std::string, std::function<void(Driver&)>> kSituations{
    {"new", [](Driver&) {}},
    {"disconnected by operator",
     [](Driver& d) { d.link().feed(Operation::kDisconnect).end(CloseReason::kLocalRequest); }},
    {"disconnecting", [](Driver& d) { d.link().feed(Operation::kDisconnect); }},
    {"unlinked by phone", [](Driver& d) { d.link().end(CloseReason::kUnlinkedByPhone, true); }},
    {"opening", [](Driver& d) { d.feed(Operation::kConnect); }},
    {"qr shown", [](Driver& d) { d.feed(Operation::kConnect).qr(); }},
    {"code shown", [](Driver& d) { d.feed(Operation::kConnect).qr().pair_code(); }},
    {"passkey asked", [](Driver& d) { d.feed(Operation::kConnect).qr().passkey(); }},
    {"passkey given", [](Driver& d) { d.feed(Operation::kConnect).qr().passkey().passkey_code(); }},
    {"in line", [](Driver& d) { d.feed(Operation::kConnect).feed(TurnAwaited{.estimate = 5s}); }},
    {"outdated", [](Driver& d) { d.link().end(CloseReason::kClientOutdated); }},
    {"pairing", [](Driver& d) { d.feed(Operation::kConnect).qr().feed(PhonePaired{}); }},
    {"connected", [](Driver& d) { d.link(); }},
    {"restarting", [](Driver& d) { d.link().feed(Operation::kRestart); }},
    {"logging out", [](Driver& d) { d.link().feed(Operation::kLogOut); }},
    {"waiting to reconnect", [](Driver& d) { d.link().drop(); }},
    {"reconnecting", [](Driver& d) { d.link().drop().expire(); }},
    {"failed, retries", [](Driver& d) { d.link().end(CloseReason::kInternal, false, true); }},
    {"replaced", [](Driver& d) { d.link().end(CloseReason::kReplaced); }},
};

const std::map<std::string, std::function<void(Driver&)>> kInputs{
    {"connect", [](Driver& d) { d.feed(Operation::kConnect); }},
    {"disconnect", [](Driver& d) { d.feed(Operation::kDisconnect); }},
    {"restart", [](Driver& d) { d.feed(Operation::kRestart); }},
    {"log out", [](Driver& d) { d.feed(Operation::kLogOut); }},
    {"remove", [](Driver& d) { d.feed(Operation::kRemove); }},
    {"deactivate", [](Driver& d) { d.feed(Operation::kDeactivate); }},
    {"stop", [](Driver& d) { d.feed(ProcessStops{}); }},
    {"qr", [](Driver& d) { d.qr(2); }},
    {"turn came", [](Driver& d) { d.feed(TurnCame{}); }},
    {"profile changed", [](Driver& d) { d.feed(ProfileChanged{}); }},
    {"pair code", [](Driver& d) { d.pair_code(); }},
    {"passkey request", [](Driver& d) { d.passkey(); }},
    {"passkey code", [](Driver& d) { d.passkey_code(); }},
    {"paired", [](Driver& d) { d.feed(PhonePaired{}); }},
    {"session connected", [](Driver& d) { d.connected(); }},
    {"network lost", [](Driver& d) { d.drop(); }},
    {"banned", [](Driver& d) { d.end(CloseReason::kBanned, true); }},
    {"deadline",
     [](Driver& d) {
       if (d.machine.deadline())
         d.expire();
       else
         d.feed(DeadlinePassed{});
     }},
};

struct Cell {
  std::string_view situation;
  std::string_view input;
  std::string_view outcome;
};
const Cell kTable[] = {
    // clang-format off
    {"code shown", "banned", "ERROR forget +error +status"},
    {"code shown", "connect", "QR_REQUIRED"},
    {"code shown", "deactivate", "DISCONNECTED close +disconnected +status"},
    {"code shown", "deadline", "DISCONNECTED drop +disconnected +error +status"},
    {"code shown", "disconnect", "DISCONNECTED close +disconnected +status"},
    {"code shown", "log out", "DISCONNECTED close forget +disconnected +status"},
    {"code shown", "network lost", "RECONNECTING +status"},
    {"code shown", "pair code", "QR_REQUIRED +code"},
    {"code shown", "paired", "QR_REQUIRED"},
    {"code shown", "passkey code", "QR_REQUIRED"},
    {"code shown", "passkey request", "QR_REQUIRED +passkey"},
    {"code shown", "profile changed", "QR_REQUIRED"},
    {"code shown", "qr", "QR_REQUIRED +qr"},
    {"code shown", "remove", "DISCONNECTED close forget +disconnected +status"},
    {"code shown", "restart", "INIT close +status"},
    {"code shown", "session connected", "CONNECTED +status +connected"},
    {"code shown", "stop", "INIT close +status"},
    {"code shown", "turn came", "QR_REQUIRED"},
    {"connected", "banned", "ERROR forget +disconnected +error +status"},
    {"connected", "connect", "CONNECTED"},
    {"connected", "deactivate", "DISCONNECTED close +disconnected +status"},
    {"connected", "deadline", "CONNECTED"},
    {"connected", "disconnect", "DISCONNECTED close +disconnected +status"},
    {"connected", "log out", "CONNECTED logout"},
    {"connected", "network lost", "RECONNECTING +disconnected +status"},
    {"connected", "pair code", "CONNECTED"},
    {"connected", "paired", "CONNECTED"},
    {"connected", "passkey code", "CONNECTED"},
    {"connected", "passkey request", "CONNECTED"},
    {"connected", "profile changed", "CONNECTED"},
    {"connected", "qr", "CONNECTED"},
    {"connected", "remove", "CONNECTED logout"},
    {"connected", "restart", "INIT close +disconnected +status"},
    {"connected", "session connected", "CONNECTED"},
    {"connected", "stop", "RECONNECTING close +disconnected +status"},
    {"connected", "turn came", "CONNECTED"},
    {"disconnected by operator", "banned", "DISCONNECTED"},
    {"disconnected by operator", "connect", "INIT open +status"},
    {"disconnected by operator", "deactivate", "DISCONNECTED"},
    {"disconnected by operator", "deadline", "DISCONNECTED"},
    {"disconnected by operator", "disconnect", "DISCONNECTED"},
    {"disconnected by operator", "log out", "DISCONNECTED open"},
    {"disconnected by operator", "network lost", "DISCONNECTED"},
    {"disconnected by operator", "pair code", "DISCONNECTED"},
    {"disconnected by operator", "paired", "DISCONNECTED"},
    {"disconnected by operator", "passkey code", "DISCONNECTED"},
    {"disconnected by operator", "passkey request", "DISCONNECTED"},
    {"disconnected by operator", "profile changed", "DISCONNECTED"},
    {"disconnected by operator", "qr", "DISCONNECTED"},
    {"disconnected by operator", "remove", "DISCONNECTED open"},
    {"disconnected by operator", "restart", "INIT open +status"},
    {"disconnected by operator", "session connected", "DISCONNECTED"},
    {"disconnected by operator", "stop", "DISCONNECTED stopped"},
    {"disconnected by operator", "turn came", "DISCONNECTED"},
    {"disconnecting", "banned", "DISCONNECTED forget"},
    {"disconnecting", "connect", "INIT +status"},
    {"disconnecting", "deactivate", "DISCONNECTED"},
    {"disconnecting", "deadline", "DISCONNECTED drop"},
    {"disconnecting", "disconnect", "DISCONNECTED"},
    {"disconnecting", "log out", "DISCONNECTED"},
    {"disconnecting", "network lost", "DISCONNECTED"},
    {"disconnecting", "pair code", "DISCONNECTED"},
    {"disconnecting", "paired", "DISCONNECTED"},
    {"disconnecting", "passkey code", "DISCONNECTED"},
    {"disconnecting", "passkey request", "DISCONNECTED"},
    {"disconnecting", "profile changed", "DISCONNECTED"},
    {"disconnecting", "qr", "DISCONNECTED"},
    {"disconnecting", "remove", "DISCONNECTED"},
    {"disconnecting", "restart", "INIT +status"},
    {"disconnecting", "session connected", "DISCONNECTED"},
    {"disconnecting", "stop", "DISCONNECTED"},
    {"disconnecting", "turn came", "DISCONNECTED"},
    {"failed, retries", "banned", "ERROR"},
    {"failed, retries", "connect", "INIT open +status"},
    {"failed, retries", "deactivate", "DISCONNECTED +disconnected +status"},
    {"failed, retries", "deadline", "RECONNECTING open +status"},
    {"failed, retries", "disconnect", "DISCONNECTED +disconnected +status"},
    {"failed, retries", "log out", "ERROR open"},
    {"failed, retries", "network lost", "ERROR"},
    {"failed, retries", "pair code", "ERROR"},
    {"failed, retries", "paired", "ERROR"},
    {"failed, retries", "passkey code", "ERROR"},
    {"failed, retries", "passkey request", "ERROR"},
    {"failed, retries", "profile changed", "ERROR"},
    {"failed, retries", "qr", "ERROR"},
    {"failed, retries", "remove", "ERROR open"},
    {"failed, retries", "restart", "INIT open +status"},
    {"failed, retries", "session connected", "ERROR"},
    {"failed, retries", "stop", "RECONNECTING stopped +status"},
    {"failed, retries", "turn came", "ERROR"},
    {"in line", "banned", "ERROR forget +error +status"},
    {"in line", "connect", "INIT"},
    {"in line", "deactivate", "DISCONNECTED close +disconnected +status"},
    {"in line", "deadline", "RECONNECTING drop +status"},
    {"in line", "disconnect", "DISCONNECTED close +disconnected +status"},
    {"in line", "log out", "DISCONNECTED close forget +disconnected +status"},
    {"in line", "network lost", "RECONNECTING +status"},
    {"in line", "pair code", "INIT"},
    {"in line", "paired", "INIT"},
    {"in line", "passkey code", "INIT"},
    {"in line", "passkey request", "QR_REQUIRED +status +passkey"},
    {"in line", "profile changed", "INIT"},
    {"in line", "qr", "QR_REQUIRED +status +qr"},
    {"in line", "remove", "DISCONNECTED close forget +disconnected +status"},
    {"in line", "restart", "INIT close"},
    {"in line", "session connected", "CONNECTED +status +connected"},
    {"in line", "stop", "INIT close"},
    {"in line", "turn came", "INIT"},
    {"logging out", "banned", "DISCONNECTED forget +disconnected +status"},
    {"logging out", "connect", "INIT +disconnected +status"},
    {"logging out", "deactivate", "DISCONNECTED +disconnected +status"},
    {"logging out", "deadline", "DISCONNECTED drop forget +disconnected +status"},
    {"logging out", "disconnect", "DISCONNECTED +disconnected +status"},
    {"logging out", "log out", "CONNECTED"},
    {"logging out", "network lost", "DISCONNECTED forget +disconnected +status"},
    {"logging out", "pair code", "CONNECTED"},
    {"logging out", "paired", "CONNECTED"},
    {"logging out", "passkey code", "CONNECTED"},
    {"logging out", "passkey request", "CONNECTED"},
    {"logging out", "profile changed", "CONNECTED"},
    {"logging out", "qr", "CONNECTED"},
    {"logging out", "remove", "CONNECTED"},
    {"logging out", "restart", "INIT +disconnected +status"},
    {"logging out", "session connected", "CONNECTED"},
    {"logging out", "stop", "CONNECTED"},
    {"logging out", "turn came", "CONNECTED"},
    {"new", "banned", "DISCONNECTED"},
    {"new", "connect", "INIT open +status"},
    {"new", "deactivate", "DISCONNECTED"},
    {"new", "deadline", "DISCONNECTED"},
    {"new", "disconnect", "DISCONNECTED"},
    {"new", "log out", "DISCONNECTED forget"},
    {"new", "network lost", "DISCONNECTED"},
    {"new", "pair code", "DISCONNECTED"},
    {"new", "paired", "DISCONNECTED"},
    {"new", "passkey code", "DISCONNECTED"},
    {"new", "passkey request", "DISCONNECTED"},
    {"new", "profile changed", "DISCONNECTED"},
    {"new", "qr", "DISCONNECTED"},
    {"new", "remove", "DISCONNECTED forget removed"},
    {"new", "restart", "INIT open +status"},
    {"new", "session connected", "DISCONNECTED"},
    {"new", "stop", "DISCONNECTED stopped"},
    {"new", "turn came", "DISCONNECTED"},
    {"opening", "banned", "ERROR forget +error +status"},
    {"opening", "connect", "INIT"},
    {"opening", "deactivate", "DISCONNECTED close +disconnected +status"},
    {"opening", "deadline", "RECONNECTING drop +status"},
    {"opening", "disconnect", "DISCONNECTED close +disconnected +status"},
    {"opening", "log out", "DISCONNECTED close forget +disconnected +status"},
    {"opening", "network lost", "RECONNECTING +status"},
    {"opening", "pair code", "INIT"},
    {"opening", "paired", "INIT"},
    {"opening", "passkey code", "INIT"},
    {"opening", "passkey request", "QR_REQUIRED +status +passkey"},
    {"opening", "profile changed", "INIT"},
    {"opening", "qr", "QR_REQUIRED +status +qr"},
    {"opening", "remove", "DISCONNECTED close forget +disconnected +status"},
    {"opening", "restart", "INIT close"},
    {"opening", "session connected", "CONNECTED +status +connected"},
    {"opening", "stop", "INIT close"},
    {"opening", "turn came", "INIT"},
    {"outdated", "banned", "ERROR"},
    {"outdated", "connect", "INIT open +status"},
    {"outdated", "deactivate", "DISCONNECTED +disconnected +status"},
    {"outdated", "deadline", "ERROR"},
    {"outdated", "disconnect", "DISCONNECTED +disconnected +status"},
    {"outdated", "log out", "ERROR open"},
    {"outdated", "network lost", "ERROR"},
    {"outdated", "pair code", "ERROR"},
    {"outdated", "paired", "ERROR"},
    {"outdated", "passkey code", "ERROR"},
    {"outdated", "passkey request", "ERROR"},
    {"outdated", "profile changed", "RECONNECTING open +status"},
    {"outdated", "qr", "ERROR"},
    {"outdated", "remove", "ERROR open"},
    {"outdated", "restart", "INIT open +status"},
    {"outdated", "session connected", "ERROR"},
    {"outdated", "stop", "ERROR stopped"},
    {"outdated", "turn came", "ERROR"},
    {"pairing", "banned", "ERROR forget +error +status"},
    {"pairing", "connect", "QR_REQUIRED"},
    {"pairing", "deactivate", "DISCONNECTED close +disconnected +status"},
    {"pairing", "deadline", "RECONNECTING drop +status"},
    {"pairing", "disconnect", "DISCONNECTED close +disconnected +status"},
    {"pairing", "log out", "DISCONNECTED close forget +disconnected +status"},
    {"pairing", "network lost", "RECONNECTING +status"},
    {"pairing", "pair code", "QR_REQUIRED"},
    {"pairing", "paired", "QR_REQUIRED"},
    {"pairing", "passkey code", "QR_REQUIRED"},
    {"pairing", "passkey request", "QR_REQUIRED"},
    {"pairing", "profile changed", "QR_REQUIRED"},
    {"pairing", "qr", "QR_REQUIRED"},
    {"pairing", "remove", "DISCONNECTED close forget +disconnected +status"},
    {"pairing", "restart", "INIT close +status"},
    {"pairing", "session connected", "CONNECTED +status +connected"},
    {"pairing", "stop", "INIT close +status"},
    {"pairing", "turn came", "QR_REQUIRED"},
    {"passkey asked", "banned", "ERROR forget +error +status"},
    {"passkey asked", "connect", "QR_REQUIRED"},
    {"passkey asked", "deactivate", "DISCONNECTED close +disconnected +status"},
    {"passkey asked", "deadline", "DISCONNECTED drop +disconnected +error +status"},
    {"passkey asked", "disconnect", "DISCONNECTED close +disconnected +status"},
    {"passkey asked", "log out", "DISCONNECTED close forget +disconnected +status"},
    {"passkey asked", "network lost", "DISCONNECTED +disconnected +error +status"},
    {"passkey asked", "pair code", "QR_REQUIRED"},
    {"passkey asked", "paired", "QR_REQUIRED"},
    {"passkey asked", "passkey code", "QR_REQUIRED +compare"},
    {"passkey asked", "passkey request", "QR_REQUIRED +passkey"},
    {"passkey asked", "profile changed", "QR_REQUIRED"},
    {"passkey asked", "qr", "QR_REQUIRED"},
    {"passkey asked", "remove", "DISCONNECTED close forget +disconnected +status"},
    {"passkey asked", "restart", "INIT close +status"},
    {"passkey asked", "session connected", "CONNECTED +status +connected"},
    {"passkey asked", "stop", "INIT close +status"},
    {"passkey asked", "turn came", "QR_REQUIRED"},
    {"passkey given", "banned", "ERROR forget +error +status"},
    {"passkey given", "connect", "QR_REQUIRED"},
    {"passkey given", "deactivate", "DISCONNECTED close +disconnected +status"},
    {"passkey given", "deadline", "DISCONNECTED drop +disconnected +error +status"},
    {"passkey given", "disconnect", "DISCONNECTED close +disconnected +status"},
    {"passkey given", "log out", "DISCONNECTED close forget +disconnected +status"},
    {"passkey given", "network lost", "DISCONNECTED +disconnected +error +status"},
    {"passkey given", "pair code", "QR_REQUIRED"},
    {"passkey given", "paired", "QR_REQUIRED"},
    {"passkey given", "passkey code", "QR_REQUIRED +compare"},
    {"passkey given", "passkey request", "QR_REQUIRED +passkey"},
    {"passkey given", "profile changed", "QR_REQUIRED"},
    {"passkey given", "qr", "QR_REQUIRED"},
    {"passkey given", "remove", "DISCONNECTED close forget +disconnected +status"},
    {"passkey given", "restart", "INIT close +status"},
    {"passkey given", "session connected", "CONNECTED +status +connected"},
    {"passkey given", "stop", "INIT close +status"},
    {"passkey given", "turn came", "QR_REQUIRED"},
    {"qr shown", "banned", "ERROR forget +error +status"},
    {"qr shown", "connect", "QR_REQUIRED"},
    {"qr shown", "deactivate", "DISCONNECTED close +disconnected +status"},
    {"qr shown", "deadline", "DISCONNECTED drop +disconnected +error +status"},
    {"qr shown", "disconnect", "DISCONNECTED close +disconnected +status"},
    {"qr shown", "log out", "DISCONNECTED close forget +disconnected +status"},
    {"qr shown", "network lost", "RECONNECTING +status"},
    {"qr shown", "pair code", "QR_REQUIRED +code"},
    {"qr shown", "paired", "QR_REQUIRED"},
    {"qr shown", "passkey code", "QR_REQUIRED"},
    {"qr shown", "passkey request", "QR_REQUIRED +passkey"},
    {"qr shown", "profile changed", "QR_REQUIRED"},
    {"qr shown", "qr", "QR_REQUIRED +qr"},
    {"qr shown", "remove", "DISCONNECTED close forget +disconnected +status"},
    {"qr shown", "restart", "INIT close +status"},
    {"qr shown", "session connected", "CONNECTED +status +connected"},
    {"qr shown", "stop", "INIT close +status"},
    {"qr shown", "turn came", "QR_REQUIRED"},
    {"reconnecting", "banned", "ERROR forget +error +status"},
    {"reconnecting", "connect", "RECONNECTING"},
    {"reconnecting", "deactivate", "DISCONNECTED close +disconnected +status"},
    {"reconnecting", "deadline", "RECONNECTING drop"},
    {"reconnecting", "disconnect", "DISCONNECTED close +disconnected +status"},
    {"reconnecting", "log out", "RECONNECTING logout"},
    {"reconnecting", "network lost", "RECONNECTING"},
    {"reconnecting", "pair code", "RECONNECTING"},
    {"reconnecting", "paired", "RECONNECTING"},
    {"reconnecting", "passkey code", "RECONNECTING"},
    {"reconnecting", "passkey request", "QR_REQUIRED +status +passkey"},
    {"reconnecting", "profile changed", "RECONNECTING"},
    {"reconnecting", "qr", "QR_REQUIRED +status +qr"},
    {"reconnecting", "remove", "RECONNECTING logout"},
    {"reconnecting", "restart", "INIT close +status"},
    {"reconnecting", "session connected", "CONNECTED +status +connected"},
    {"reconnecting", "stop", "RECONNECTING close"},
    {"reconnecting", "turn came", "RECONNECTING"},
    {"replaced", "banned", "ERROR"},
    {"replaced", "connect", "INIT open +status"},
    {"replaced", "deactivate", "DISCONNECTED +disconnected +status"},
    {"replaced", "deadline", "ERROR"},
    {"replaced", "disconnect", "DISCONNECTED +disconnected +status"},
    {"replaced", "log out", "DISCONNECTED forget +disconnected +status"},
    {"replaced", "network lost", "ERROR"},
    {"replaced", "pair code", "ERROR"},
    {"replaced", "paired", "ERROR"},
    {"replaced", "passkey code", "ERROR"},
    {"replaced", "passkey request", "ERROR"},
    {"replaced", "profile changed", "ERROR"},
    {"replaced", "qr", "ERROR"},
    {"replaced", "remove", "DISCONNECTED forget removed +disconnected +status"},
    {"replaced", "restart", "INIT open +status"},
    {"replaced", "session connected", "ERROR"},
    {"replaced", "stop", "ERROR stopped"},
    {"replaced", "turn came", "ERROR"},
    {"restarting", "banned", "INIT open forget"},
    {"restarting", "connect", "INIT"},
    {"restarting", "deactivate", "DISCONNECTED +disconnected +status"},
    {"restarting", "deadline", "INIT drop open"},
    {"restarting", "disconnect", "DISCONNECTED +disconnected +status"},
    {"restarting", "log out", "INIT"},
    {"restarting", "network lost", "INIT open"},
    {"restarting", "pair code", "INIT"},
    {"restarting", "paired", "INIT"},
    {"restarting", "passkey code", "INIT"},
    {"restarting", "passkey request", "INIT"},
    {"restarting", "profile changed", "INIT"},
    {"restarting", "qr", "INIT"},
    {"restarting", "remove", "INIT"},
    {"restarting", "restart", "INIT"},
    {"restarting", "session connected", "INIT"},
    {"restarting", "stop", "RECONNECTING +status"},
    {"restarting", "turn came", "INIT"},
    {"unlinked by phone", "banned", "DISCONNECTED"},
    {"unlinked by phone", "connect", "INIT open +status"},
    {"unlinked by phone", "deactivate", "DISCONNECTED"},
    {"unlinked by phone", "deadline", "DISCONNECTED"},
    {"unlinked by phone", "disconnect", "DISCONNECTED"},
    {"unlinked by phone", "log out", "DISCONNECTED forget"},
    {"unlinked by phone", "network lost", "DISCONNECTED"},
    {"unlinked by phone", "pair code", "DISCONNECTED"},
    {"unlinked by phone", "paired", "DISCONNECTED"},
    {"unlinked by phone", "passkey code", "DISCONNECTED"},
    {"unlinked by phone", "passkey request", "DISCONNECTED"},
    {"unlinked by phone", "profile changed", "DISCONNECTED"},
    {"unlinked by phone", "qr", "DISCONNECTED"},
    {"unlinked by phone", "remove", "DISCONNECTED forget removed"},
    {"unlinked by phone", "restart", "INIT open +status"},
    {"unlinked by phone", "session connected", "DISCONNECTED"},
    {"unlinked by phone", "stop", "DISCONNECTED stopped"},
    {"unlinked by phone", "turn came", "DISCONNECTED"},
    {"waiting to reconnect", "banned", "RECONNECTING"},
    {"waiting to reconnect", "connect", "RECONNECTING open"},
    {"waiting to reconnect", "deactivate", "DISCONNECTED +disconnected +status"},
    {"waiting to reconnect", "deadline", "RECONNECTING open"},
    {"waiting to reconnect", "disconnect", "DISCONNECTED +disconnected +status"},
    {"waiting to reconnect", "log out", "RECONNECTING open"},
    {"waiting to reconnect", "network lost", "RECONNECTING"},
    {"waiting to reconnect", "pair code", "RECONNECTING"},
    {"waiting to reconnect", "paired", "RECONNECTING"},
    {"waiting to reconnect", "passkey code", "RECONNECTING"},
    {"waiting to reconnect", "passkey request", "RECONNECTING"},
    {"waiting to reconnect", "profile changed", "RECONNECTING"},
    {"waiting to reconnect", "qr", "RECONNECTING"},
    {"waiting to reconnect", "remove", "RECONNECTING open"},
    {"waiting to reconnect", "restart", "INIT open +status"},
    {"waiting to reconnect", "session connected", "RECONNECTING"},
    {"waiting to reconnect", "stop", "RECONNECTING stopped"},
    {"waiting to reconnect", "turn came", "RECONNECTING"},
    // clang-format on
};

TEST(InstanceMachineTable, AnswersEveryInputInEverySituation) {
  std::map<std::pair<std::string_view, std::string_view>, std::string_view> expected;
  for (const Cell& cell : kTable) expected[{cell.situation, cell.input}] = cell.outcome;
  for (const auto& [situation, arrange] : kSituations)
    for (const auto& [input, act] : kInputs) {
      Driver driver;
      arrange(driver);
      act(driver);
      const auto found = expected.find({situation, input});
      if (found == expected.end() || found->second != driver.outcome())
        ADD_FAILURE() << "{\"" << situation << "\", \"" << input << "\", \"" << driver.outcome() << "\"},";
      if (!driver.effects.accepted) continue;
      // Whatever happens: a reason is kept, and something under way has a deadline.
      const bool under_way =
          driver.machine.has_session() || driver.next() == "RECONNECT" || driver.next() == "CONNECT";
      EXPECT_EQ(driver.machine.deadline().has_value(), under_way && !driver.effects.stopped)
          << situation << " / " << input;
      EXPECT_EQ(driver.record().reason.code.empty(), driver.record().reason.text.empty());
      if (driver.record().status != InstanceStatus::kDisconnected) {
        EXPECT_FALSE(driver.record().reason.code.empty());
      }
    }
}

// A long life of random inputs, as a session would really send them and as it would not.
TEST(InstanceMachineTable, KeepsItsPromisesWhateverHappensInWhateverOrder) {
  constexpr whatsapp::CloseReason kLastReason = whatsapp::CloseReason::kInternal;
  std::mt19937 random(20'261'123);
  for (int life = 0; life < 300; ++life) {
    Driver d;
    bool session = false;
    bool wanted_change = false;
    for (int i = 0; i < 200; ++i) {
      const DesiredState desired = d.record().desired;
      wanted_change = false;
      d.effects = {};
      d.random = static_cast<double>(random() % 1'000) / 1'000;
      d.wait(Milliseconds(random() % 40'000));
      switch (random() % 16) {
        case 0:
          d.feed(DeadlinePassed{});
          break;
        case 1:
          d.qr(static_cast<int>(1 + random() % 3));
          break;
        case 2:
          d.feed(PhonePaired{});
          break;
        case 3:
          d.connected();
          break;
        case 4:
          d.feed(SessionAlive{});
          break;
        case 5:
          session = false;
          d.end(static_cast<CloseReason>(random() % (static_cast<unsigned>(kLastReason) + 1)),
                random() % 2 == 0, random() % 2 == 0);
          break;
        case 6:
          if (d.machine.deadline()) {
            d.now.steady = std::max(d.now.steady, *d.machine.deadline());
            d.feed(DeadlinePassed{});
          }
          break;
        case 8:
          d.pair_code();
          break;
        case 9:
          d.passkey();
          break;
        case 10:
          d.passkey_code();
          break;
        case 11:
          if (random() % 2 == 0)
            d.feed(TurnAwaited{.estimate = Milliseconds(random() % 60'000)});
          else
            d.feed(TurnCame{});
          break;
        case 12:
          d.feed(ProfileChanged{});
          break;
        case 7:
          d.machine.set_linked();
          [[fallthrough]];
        default: {
          // Removal and stop end a life: rare.
          const unsigned what = random() % 60;
          wanted_change = true;
          if (what == 0) {
            d.feed(ProcessStops{});
          } else {
            d.feed(what == 1 ? Operation::kRemove
                             : std::array{Operation::kConnect, Operation::kDisconnect, Operation::kRestart,
                                          Operation::kLogOut, Operation::kActivate,
                                          Operation::kDeactivate}[what % 6]);
          }
        }
      }
      for (const SessionCommand command : d.effects.commands) {
        if (command == SessionCommand::kOpen) {
          ASSERT_FALSE(session) << "a second session";
          session = true;
        } else {
          ASSERT_TRUE(session) << "a command to nobody";
        }
        if (command == SessionCommand::kDrop) session = false;
      }
      ASSERT_EQ(d.machine.has_session(), session);
      if (session) {
        ASSERT_TRUE(d.machine.deadline()) << d.status() << " hangs";
      }
      if (!wanted_change) {
        ASSERT_EQ(d.record().desired, desired) << "only operators change what is wanted";
      }
      if (d.record().status == InstanceStatus::kConnected) {
        ASSERT_TRUE(d.record().phone);
      }
      if (d.record().qr_text) {
        ASSERT_EQ(d.record().status, InstanceStatus::kQrRequired);
      }
      ASSERT_EQ(d.record().linking.has_value(), d.record().status == InstanceStatus::kQrRequired);
      if (d.effects.stopped || d.effects.removed) {
        ASSERT_FALSE(session);
        break;
      }
    }
  }
}

}  // namespace
}  // namespace patchbay::manager
