// For tests only: an engine without a network, for what stands above the engine's door. A session walks the
// real course (open, rotating QR codes or a code to type in, scan, a passkey if the account wants one, stored
// credentials, mandatory restart, connected, signs of life) and waits for scenes played by simulate().
// Everything follows from the seed, the instance id and the executor's timers, so it is exact under a
// ManualExecutor. Threads: as engine.h says; simulate() belongs to the executor of the instance it names.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "whatsapp/engine.h"

namespace patchbay::whatsapp {

// "2@<reference>,<base64>,<base64>,<base64>" like WhatsApp's, with a reference no server ever gave out.
inline constexpr std::string_view kSimulatedQrPrefix = "2@PATCHBAY/SIMULATION/";

struct ScriptedEngineOptions {
  uint64_t seed = 1;
  Milliseconds connect_delay{300};  // opening the connection: until the first code, or the login
  Milliseconds qr_validity{60'000};
  int qr_attempts = 3;
  Milliseconds pair_code_validity{180'000};
  Milliseconds passkey_validity{300'000};  // to give it; then, to confirm on the phone
  Milliseconds pairing_delay{600};         // the mandatory restart after the scan
  Milliseconds close_delay{10};
  Milliseconds send_delay{50};
};

// One scene.
struct Simulation {
  enum class Action {
    kScan,         // while a code is shown: the phone scans it, or has it typed in; or confirms the passkey
    kPasskey,      // before the link: the account demands its passkey at the next scan
    kDrop,         // a live session loses the network
    kExpire,       // while a code is shown: all attempts run out at once
    kRefuse,       // login refused: the session that is opening, else the next `count`
    kUnreachable,  // no route: the session that is opening, else the next `count`
    kFail,         // a live session ends with an internal error
    kLogout,       // the phone unlinks the device; noticed at the next login when there is no session
    kReplaced,     // connected: the same credentials connect elsewhere
    kBan,          // a live session: the account is banned
    kOutdated,     // a live session: this client version is refused
    kStall,        // connected: no sign of life from now on, and no end either
  };
  Action action = Action::kScan;
  std::string phone = {};         // kScan: digits; empty = derived from the instance's id
  std::string display_name = {};  // kScan
  int count = 1;                  // kRefuse, kUnreachable: 1 .. 1000
};
class ScriptedEngine final : public Engine {
 public:
  // `clock` outlives the engine, the engine outlives its sessions.
  ScriptedEngine(const Clock& clock, ScriptedEngineOptions options);
  ~ScriptedEngine() override;

  std::string_view name() const override { return "scripted"; }
  bool is_simulation() const override { return true; }
  Status check_credentials(std::string_view credentials) const override;
  std::unique_ptr<Session> open(SessionOptions options, SessionObserver& observer,
                                Executor& executor) override;

  // kInvalidOperation when the session's state gives the action nothing to act on; says what would.
  Status simulate(std::string_view instance_id, const Simulation& simulation);
  // The same from a thread that is no executor's: waits for the instance's own.
  Status play(std::string_view instance_id, const Simulation& simulation);

 private:
  class ScriptedSession;
  // What WhatsApp's side knows about an instance.
  struct World {
    ScriptedSession* session = nullptr;
    Executor* executor = nullptr;  // of the latest session
    int refuse_next = 0;
    int unreachable_next = 0;
    bool unlinked = false;
    bool wants_passkey = false;
    uint64_t sessions = 0;  // opened so far: part of the randomness
  };
  enum class Fate { kGood, kUnreachable, kRefused, kUnlinked };

  uint64_t attach(const std::string& instance_id, ScriptedSession* session, Executor& executor);
  void detach(const std::string& instance_id, ScriptedSession* session);
  Fate next_fate(const std::string& instance_id, bool has_credentials);
  // Whether the scan that happens now has to be followed by a passkey; asks once.
  bool take_passkey_wish(const std::string& instance_id);

  const Clock& clock_;
  const ScriptedEngineOptions options_;
  // Guards worlds_ (not the sessions in it: each belongs to its executor).
  std::mutex mutex_;
  std::map<std::string, World, std::less<>> worlds_;
};

}  // namespace patchbay::whatsapp
