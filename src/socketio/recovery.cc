#include "socketio/recovery.h"

#include <algorithm>
#include <functional>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include "socketio/json_value.h"
#include "socketio/namespace_shard.h"
#include "socketio/server.h"

namespace patchbay::socketio {
namespace {

// Old entries go when newer ones come, and at this pace when none do.
constexpr Milliseconds kSweepInterval{5'000};

using engineio::SessionId;

// The shard that a private id names, if it has the form of one.
std::optional<size_t> home_of(std::string_view pid, size_t shards) {
  const auto id = SessionId::parse(pid);
  if (!id || id->shard_index() >= shards) return std::nullopt;
  return id->shard_index();
}

// The rooms of a session, to be asked for each broadcast of a log. Outlived by the session.
class SessionRooms {
 public:
  explicit SessionRooms(const StoredSession& session) : session_(session) {
    if (session.rooms.size() > kFew) many_.insert(session.rooms.begin(), session.rooms.end());
  }
  bool contains(std::string_view room) const {
    if (room == session_.sid) return true;
    return many_.empty() ? std::ranges::find(session_.rooms, room) != session_.rooms.end()
                         : many_.contains(room);
  }

 private:
  static constexpr size_t kFew = 8;  // looked through faster than hashed
  const StoredSession& session_;
  boost::unordered_flat_set<std::string_view, std::hash<std::string_view>> many_;
};

}  // namespace

size_t StoredSession::bytes() const {
  size_t sum = sizeof(StoredSession) + sid.size() + direct.bytes();
  for (const std::string& room : rooms) sum += sizeof(std::string) + room.size();
  return sum;
}

Namespace::RecoveryShard::RecoveryShard(const RecoveryOptions& options,
                                        std::move_only_function<void(std::string_view)> on_gone)
    : log({.max_bytes = options.max_log_bytes, .max_age = options.max_disconnection_duration}),
      sessions(
          {.lifetime = options.max_disconnection_duration,
           .max_sessions = options.max_sessions,
           .max_bytes = options.max_session_bytes},
          [gone = std::move(on_gone)](std::string_view pid, StoredSession&, auto) mutable { gone(pid); }) {}

void append_offset(std::string& packet, const Offset& offset) {
  packet.pop_back();
  packet += ",\"";
  packet += to_string(offset);
  packet += "\"]";
}

std::optional<RecoveryRequest> recovery_request(std::string_view auth_json) {
  // Cheap to see for everybody who has never been here.
  if (auth_json.find("\"pid\"") == std::string_view::npos) return std::nullopt;
  const auto auth = parse_json(auth_json);
  if (!auth || !auth->is_object()) return std::nullopt;
  const auto* const pid = auth->get_object().if_contains("pid");
  if (pid == nullptr || !pid->is_string()) return std::nullopt;
  RecoveryRequest request{.pid = std::string(pid->get_string()), .offset = {}};
  if (const auto* const offset = auth->get_object().if_contains("offset");
      offset != nullptr && !offset->is_null()) {
    if (!offset->is_string()) return std::nullopt;
    request.offset = parse_offset(offset->get_string());
    if (!request.offset) return std::nullopt;
  }
  return request;
}

// --- Namespace --------------------------------------------------------------------------------------------

void Namespace::number_and_deliver(const BroadcastMessage& message) {
  auto numbered = std::make_shared<BroadcastMessage>(message);
  numbered->sequence = ++last_number_;
  append_offset(numbered->packet, {.seq = numbered->sequence});
  deliver_everywhere(numbered);
}

void Namespace::claim_session(const std::string& pid,
                              std::move_only_function<void(std::optional<StoredSession>)> done) {
  const auto home = home_of(pid, per_shard_.size());
  if (!home) return done(std::nullopt);
  net::Shard& asking = *net::Shard::current();
  auto answer = [&asking, done = std::move(done)](std::optional<StoredSession> session) mutable {
    asking.post(
        [done = std::move(done), session = std::move(session)]() mutable { done(std::move(session)); });
  };
  server_.shards()[*home].post([self = shared_from_this(), pid, answer = std::move(answer)]() mutable {
    auto& sessions = self->local_part().recovery->sessions;
    const auto elsewhere = sessions.forwarded_to(pid);
    if (!elsewhere) return answer(self->take_session(pid));
    sessions.forget(pid);
    self->server_.shards()[*elsewhere].post(
        [self, pid, answer = std::move(answer)]() mutable { answer(self->take_session(pid)); });
  });
}

std::optional<StoredSession> Namespace::take_session(std::string_view pid) {
  RecoveryShard& recovery = *local_part().recovery;
  // A socket whose end nobody has noticed yet gives way to its client's new connection.
  if (const auto it = recovery.live.find(pid); it != recovery.live.end())
    it->second->closed(DisconnectReason::kTransportClose);
  return recovery.sessions.take(pid, net::Shard::current()->now());
}

void Namespace::store_session(const std::string& pid, StoredSession session) {
  const size_t bytes = session.bytes();
  if (!local_part().recovery->sessions.put(pid, std::move(session), bytes, net::Shard::current()->now()))
    return note_session_gone(pid);
  sweep_later();
}

void Namespace::note_session_here(const std::string& pid) {
  const size_t here = net::Shard::current()->index();
  const auto home = home_of(pid, per_shard_.size());
  if (!home || *home == here) return;
  server_.shards()[*home].post([self = shared_from_this(), pid, here] {
    self->local_part().recovery->sessions.forward(pid, static_cast<uint32_t>(here));
  });
}

void Namespace::note_session_gone(std::string_view pid) {
  const size_t here = net::Shard::current()->index();
  const auto home = home_of(pid, per_shard_.size());
  if (!home || *home == here) return;
  server_.shards()[*home].post([weak = weak_from_this(), pid = std::string(pid), here] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    auto& sessions = self->local_part().recovery->sessions;
    if (sessions.forwarded_to(pid) == here) sessions.forget(pid);
  });
}

bool Namespace::can_recover(const StoredSession& session, const Offset& offset) const {
  return offset >= session.start && offset.seq >= local_part().recovery->log.floor() &&
         offset >= session.direct.floor();
}

MissedPackets Namespace::missed(const StoredSession& session, const Offset& offset) const {
  const SessionRooms rooms(session);
  const auto in = [&](const std::string& room) { return rooms.contains(room); };
  MissedPackets packets;
  for_each_after(
      local_part().recovery->log, session.direct, offset,
      [&](const auto& entry) {
        const Selection& to = entry.message->to;
        if ((to.rooms.empty() || std::ranges::any_of(to.rooms, in)) && std::ranges::none_of(to.except, in))
          packets.push_back({entry.message, entry.message->packet, entry.message->attachments});
      },
      [&](const auto& entry) {
        packets.push_back({entry.message, entry.message->packet, entry.message->attachments});
      });
  return packets;
}

void Namespace::sweep_later() {
  RecoveryShard& recovery = *local_part().recovery;
  if (recovery.sweeping) return;
  recovery.sweeping = true;
  recovery.sweep = net::Shard::current()->run_after(kSweepInterval, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    RecoveryShard& mine = *self->local_part().recovery;
    mine.sweeping = false;
    mine.log.trim(net::Shard::current()->now());
    mine.sessions.expire(net::Shard::current()->now());
    if (mine.log.count() > 0 || mine.sessions.count() > 0) self->sweep_later();
  });
}

}  // namespace patchbay::socketio
