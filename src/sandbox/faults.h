// What shall go wrong, and for whom: faults for the next connections of one account or of everybody. A
// connection takes those that apply when it begins, and those of its account when it has said who it is.
// Shard-local.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace patchbay::sandbox {

enum class FaultKind {
  // Before anything is said; for everybody only:
  kRefuseTcp,           // the TCP connection is closed without an answer
  kRefuseHttp,          // the upgrade is answered with `code`
  kExpiredCertificate,  // the chain's validity is over
  kWrongRoot,           // the chain hangs under another root
  kWrongLeaf,           // the chain proves another key than the server's
  // After the client has said who it is:
  kRefuse,     // <failure reason=code>
  kDowngrade,  // <ib><downgrade_webclient/></ib>
  // Once `after_frames` frames were sent by the server, the handshake's included:
  kDrop,         // the connection just goes away
  kStall,        // nothing is answered any more
  kCorrupt,      // one octet of the next frame is wrong
  kReplay,       // the next frame is sent twice
  kStreamError,  // <stream:error code>, or a conflict
  kEnd,          // <xmlstreamend/>
  // All along:
  kDelay,  // what the server sends is held back for `delay_ms`
  kSplit,  // frames are cut and joined over WebSocket messages of 1 to `bytes` bytes
};
std::string_view to_string(FaultKind kind);
std::optional<FaultKind> parse_fault_kind(std::string_view name);
// Whether it can be of one account.
bool needs_no_account(FaultKind kind);

struct Fault {
  FaultKind kind = FaultKind::kDrop;
  std::string phone = {};             // number of the account; empty: everybody
  std::optional<uint32_t> count = 1;  // connections it is for; nothing: all until it is removed
  uint32_t after_frames = 0;
  uint32_t delay_ms = 0;
  uint32_t code = 0;
  uint32_t bytes = 0;
  std::string conflict = {};  // of a stream error: "replaced", "device_removed"
};

class FaultBook {
 public:
  static constexpr size_t kMaxFaults = 200;
  static constexpr uint32_t kMaxDelayMs = 120'000;

  struct Entry {
    uint64_t id = 0;
    Fault fault;
    uint64_t used = 0;
  };

  // The fault's number; kValidation says which value is out of bounds.
  Result<uint64_t> add(Fault fault);
  bool remove(uint64_t id);
  void clear() { entries_.clear(); }
  const std::vector<Entry>& entries() const { return entries_; }

  // The first refusal of a connection attempt that applies; counted as used.
  std::optional<Fault> take_refusal();
  // What applies to a connection that begins, refusals of the attempt aside; counted as used.
  std::vector<Fault> take_for_connection();
  // What applies to a connection of this account beside that.
  std::vector<Fault> take_for_account(std::string_view phone);

 private:
  template <typename Applies>
  std::vector<Fault> take(Applies applies, size_t most);

  std::vector<Entry> entries_;
  uint64_t last_id_ = 0;
};

}  // namespace patchbay::sandbox
