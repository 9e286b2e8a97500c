#include <algorithm>
#include <limits>

#include "store/sqlite_transaction.h"

namespace patchbay::store {
namespace {

constexpr int64_t kMaxEventsARead = 10'000;
constexpr int64_t kMaxAuditARead = 1'000;
// Older entries go as new ones come.
constexpr int64_t kMaxAuditEntries = 1'000'000;
// Instances looked at in one round of pruning.
constexpr int64_t kPruneBatch = 1'000;

int64_t to_signed(uint64_t seq) {
  return static_cast<int64_t>(std::min<uint64_t>(seq, std::numeric_limits<int64_t>::max()));
}

}  // namespace

Result<std::vector<Event>> SqliteTransaction::events_after(std::string_view instance_id, uint64_t after,
                                                           int64_t limit) {
  PB_ASSIGN(
      Statement query,
      connection_.prepare("SELECT e.seq, e.type, e.payload, e.time FROM events e "
                          "WHERE e.instance = (SELECT number FROM instances WHERE id = ?1) AND e.seq > ?2 "
                          "ORDER BY e.seq LIMIT ?3"));
  query.bind(instance_id, to_signed(after), std::clamp<int64_t>(limit, 1, kMaxEventsARead));
  std::vector<Event> events;
  for (;;) {
    PB_ASSIGN(const bool row, query.step());
    if (!row) return events;
    Event& event = events.emplace_back();
    event.instance_id = instance_id;
    event.seq = static_cast<uint64_t>(query.integer());
    event.type = query.text();
    event.payload_json = query.text();
    event.time = query.time();
  }
}

Result<std::optional<EventBounds>> SqliteTransaction::event_bounds(std::string_view instance_id) {
  PB_ASSIGN(Statement query,
            connection_.prepare(
                "SELECT coalesce((SELECT min(e.seq) FROM events e WHERE e.instance = i.number), 0), "
                "i.last_seq FROM instances i WHERE i.id = ?1"));
  PB_ASSIGN(const bool row, query.bind(instance_id).step());
  if (!row) return std::nullopt;
  EventBounds bounds;
  bounds.first_seq = static_cast<uint64_t>(query.integer());
  bounds.last_seq = static_cast<uint64_t>(query.integer());
  return bounds;
}

Result<uint64_t> SqliteTransaction::append_event(std::string_view instance_id, std::string_view type,
                                                 std::string_view payload_json, WallTime time) {
  int64_t instance_number = 0;
  int64_t seq = 0;
  {
    PB_ASSIGN(Statement count_up,
              connection_.prepare(
                  "UPDATE instances SET last_seq = last_seq + 1 WHERE id = ?1 RETURNING number, last_seq"));
    PB_ASSIGN(const bool row, count_up.bind(instance_id).step());
    if (!row) return fail(ErrorCode::kInstanceNotFound, "There is no such instance.");
    instance_number = count_up.integer();
    seq = count_up.integer();
    PB_TRY(count_up.run());
  }
  PB_ASSIGN(Statement insert,
            connection_.prepare(
                "INSERT INTO events (instance, seq, time, type, payload) VALUES (?1, ?2, ?3, ?4, ?5)"));
  PB_TRY(insert.bind(instance_number, seq, time, type, payload_json).run());
  return static_cast<uint64_t>(seq);
}

// From the oldest on, until the first event that stays: the cost is that of what goes.
Result<int64_t> SqliteTransaction::prune_one(int64_t instance_number, int64_t last_seq, WallTime before,
                                             uint64_t keep, int64_t limit) {
  const int64_t newest_over_count = last_seq - to_signed(keep);
  int64_t last_to_go = 0;
  int64_t found = 0;
  {
    PB_ASSIGN(Statement query,
              connection_.prepare("SELECT seq, time FROM events WHERE instance = ?1 ORDER BY seq LIMIT ?2"));
    query.bind(instance_number, limit);
    for (;;) {
      PB_ASSIGN(const bool row, query.step());
      if (!row) break;
      const int64_t seq = query.integer();
      if (seq > newest_over_count && query.time() >= before) break;
      last_to_go = seq;
      ++found;
    }
  }
  if (found == 0) return 0;
  PB_ASSIGN(Statement remove, connection_.prepare("DELETE FROM events WHERE instance = ?1 AND seq <= ?2"));
  PB_TRY(remove.bind(instance_number, last_to_go).run());
  return remove.changes();
}

Result<int64_t> SqliteTransaction::prune_events(WallTime before, uint64_t keep, int64_t limit) {
  struct Counter {
    int64_t number;
    int64_t last_seq;
  };
  int64_t pruned = 0;
  int64_t after = 0;
  std::vector<Counter> batch;
  while (pruned < limit) {
    batch.clear();
    {
      PB_ASSIGN(Statement query,
                connection_.prepare(
                    "SELECT number, last_seq FROM instances WHERE number > ?1 ORDER BY number LIMIT ?2"));
      query.bind(after, kPruneBatch);
      for (;;) {
        PB_ASSIGN(const bool row, query.step());
        if (!row) break;
        const int64_t number = query.integer();
        batch.push_back({number, query.integer()});
      }
    }
    if (batch.empty()) break;
    for (const Counter& each : batch) {
      PB_ASSIGN(const int64_t gone, prune_one(each.number, each.last_seq, before, keep, limit - pruned));
      pruned += gone;
      if (pruned >= limit) break;
    }
    after = batch.back().number;
  }
  return pruned;
}

Result<int64_t> SqliteTransaction::prune_events_of(std::string_view instance_id, WallTime before,
                                                   uint64_t keep, int64_t limit) {
  int64_t number = 0;
  int64_t last_seq = 0;
  {
    PB_ASSIGN(Statement query, connection_.prepare("SELECT number, last_seq FROM instances WHERE id = ?1"));
    PB_ASSIGN(const bool row, query.bind(instance_id).step());
    if (!row) return 0;
    number = query.integer();
    last_seq = query.integer();
  }
  return prune_one(number, last_seq, before, keep, limit);
}

Result<std::vector<AuditEntry>> SqliteTransaction::audit_entries(int64_t limit) {
  PB_ASSIGN(Statement query,
            connection_.prepare("SELECT id, action, resource, resource_id, user_id, ip_address, time "
                                "FROM audit_log ORDER BY number DESC LIMIT ?1"));
  query.bind(std::clamp<int64_t>(limit, 1, kMaxAuditARead));
  std::vector<AuditEntry> entries;
  for (;;) {
    PB_ASSIGN(const bool row, query.step());
    if (!row) return entries;
    AuditEntry& entry = entries.emplace_back();
    entry.id = query.text();
    entry.action = query.text();
    entry.resource = query.text();
    entry.resource_id = query.optional_text();
    entry.user_id = query.optional_text();
    entry.ip_address = query.optional_text();
    entry.time = query.time();
  }
}

Status SqliteTransaction::append_audit(const AuditEntry& entry) {
  int64_t number = 0;
  {
    PB_ASSIGN(Statement insert,
              connection_.prepare(
                  "INSERT INTO audit_log (id, action, resource, resource_id, user_id, ip_address, time) "
                  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING number"));
    insert.bind(entry.id, entry.action, entry.resource, entry.resource_id, entry.user_id, entry.ip_address,
                entry.time);
    PB_ASSIGN(const bool row, insert.step());
    if (row) number = insert.integer();
    PB_TRY(insert.run());
  }
  PB_ASSIGN(Statement forget, connection_.prepare("DELETE FROM audit_log WHERE number <= ?1"));
  return forget.bind(number - kMaxAuditEntries).run();
}

}  // namespace patchbay::store
