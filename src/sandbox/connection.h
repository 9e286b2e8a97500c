// One client's connection, from its first byte: intro header, Noise handshake, client payload, then stanzas
// for a session. Applies the faults that are due and records what the client does against the protocol. No
// I/O: bytes in, WebSocket messages out through Io. Shard-local.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "binary/node.h"
#include "noise/cipher.h"
#include "noise/frame.h"
#include "noise/handshake.h"
#include "sandbox/answers.h"
#include "sandbox/network.h"
#include "sandbox/session.h"

namespace patchbay::proto {
class ClientPayload;
}

namespace patchbay::sandbox {

class Connection final {
 public:
  // Largest frame that is taken from a client.
  static constexpr size_t kMaxFrameBytes = 4u << 20;
  // iq ids of one connection that are remembered; a client that uses more may repeat the earlier ones.
  static constexpr size_t kMaxRememberedIds = 20'000;

  class Io {
   public:
    virtual ~Io() = default;
    // One WebSocket message.
    virtual void send(std::string_view bytes) = 0;
    // After what was sent (`politely`), or at once. Once; the connection says nothing more. Its owner
    // destroys it in a later turn.
    virtual void close(bool politely) = 0;
  };

  Connection(Network& network, Io& io);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Bytes of a binary message.
  void on_bytes(std::string_view bytes);
  // The transport is gone, or has seen the client break its rules.
  void on_closed(std::string_view violation = {});
  // The world is about to be emptied: goes away, and its session with it. Not from inside a session.
  void abandon();

  // --- For sessions ---
  Network& network() { return network_; }
  uint64_t number() const { return number_; }
  const crypto::Key32& client_static() const { return client_static_; }
  void send(const binary::Node& node);
  // Sends an iq of the server's, whose answer must come; gives its id.
  std::string ask(binary::Node iq);
  // A stanza that the client must answer was sent.
  void expect(const std::string& kind, const std::string& id);
  Answers& answers() { return answers_; }
  // Sends `last`, then closes.
  void end(const binary::Node& last);
  // Goes away without a word.
  void drop();
  bool ended() const { return stage_ == Stage::kEnded; }
  void violation(std::string_view rule, std::string_view description);
  // False, and a violation, when an iq's id is missing or was used before, or its type is none.
  bool check_iq(const binary::Node& iq);
  // Takes a client's iq of type result or error; false when it is none. A violation when nothing was asked.
  bool take_iq_answer(const binary::Node& iq);

 private:
  enum class Stage { kIntro, kHello, kFinish, kOpen, kEnded };

  bool take_intro(std::string_view& bytes);
  bool on_frame(std::string_view payload);
  void on_hello(std::string_view payload);
  void on_finish(std::string_view payload);
  void on_client_payload();
  void on_stanza(std::string_view payload);
  void start_session(const proto::ClientPayload& payload);
  void begin(std::unique_ptr<Session> session);
  void fail_login(int reason, binary::Attributes more = {});
  void protocol_error(std::string_view rule, std::string_view description);

  // --- What leaves, through the faults ---
  void send_frame(std::string_view payload);
  void write(std::string_view bytes);
  void flush_split();
  void close(bool politely);
  const Fault* fault(FaultKind kind) const;
  // The fault of this kind once its frame has come; it is then used up.
  bool due(FaultKind kind, Fault* taken = nullptr);
  void later(Milliseconds delay, Task task);
  void schedule_tick();
  void on_tick();

  Network& network_;
  Io& io_;
  const uint64_t number_;
  Stage stage_ = Stage::kIntro;
  std::string intro_;
  noise::FrameReader reader_;
  std::vector<Fault> faults_;
  std::optional<noise::Responder> responder_;
  std::optional<noise::Cipher> cipher_;
  crypto::Key32 client_static_{};
  std::unique_ptr<Session> session_;
  Answers answers_;
  std::set<std::string> iq_ids_;
  SteadyTime opened_{};
  SteadyTime heard_{};
  bool silent_ = false;   // a missing keepalive was recorded
  bool stalled_ = false;  // by a fault
  uint32_t frames_ = 0;   // sent
  std::string unsent_;    // of a split
  Executor::Timer tick_;
  Executor::Timer split_timer_;
  // Writes, and the close, that a fault defers.
  std::list<Executor::Timer> delayed_;
};

}  // namespace patchbay::sandbox
