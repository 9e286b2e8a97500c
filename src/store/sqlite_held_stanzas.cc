#include <algorithm>

#include "store/sealed_columns.h"
#include "store/sqlite_transaction.h"

namespace patchbay::store {
namespace {

constexpr int64_t kMaxRead = 1'000;

// Names the row among those of all instances.
std::string row_id(std::string_view instance_id, std::string_view key) {
  return std::string(instance_id).append(1, '/').append(key);
}

}  // namespace

Status SqliteTransaction::hold_stanza(std::string_view instance_id, const HeldStanza& stanza) {
  const std::string id = row_id(instance_id, stanza.key);
  const auto bytes = static_cast<int64_t>(stanza.bytes.size());
  {
    PB_ASSIGN(Statement known, connection_.prepare("SELECT 1 FROM held_stanzas WHERE id = ?1"));
    PB_ASSIGN(const bool held, known.bind(id).step());
    if (held) return {};
  }
  PB_ASSIGN(
      Statement take,
      connection_.prepare("UPDATE instances SET held_count = held_count + 1, held_bytes = held_bytes + ?2, "
                          "held_messages = held_messages + ?5 "
                          "WHERE id = ?1 AND held_count < ?3 AND held_bytes + ?2 <= ?4"));
  PB_TRY(take.bind(instance_id, bytes, kMaxHeldStanzas, kMaxHeldBytes, stanza.is_message).run());
  if (take.changes() == 0) {
    PB_ASSIGN(const int64_t instances, count("SELECT count(*) FROM instances WHERE id = ?1", instance_id));
    if (instances == 0) return fail(ErrorCode::kInstanceNotFound, "There is no such instance.");
    return fail(ErrorCode::kResourceConflict, "The instance holds as many unread messages as it may.");
  }
  PB_ASSIGN(Statement insert,
            connection_.prepare("INSERT INTO held_stanzas (id, instance_id, received_at, is_message, sealed) "
                                "VALUES (?1, ?2, ?3, ?4, ?5)"));
  const Bytes sealed = box_.seal(stanza.bytes, kSealedHeldStanzas.context_of(id));
  return insert.bind(id, instance_id, stanza.received_at, stanza.is_message, Blob{sealed}).run();
}

Result<std::vector<HeldStanza>> SqliteTransaction::held_stanzas(std::string_view instance_id, int64_t limit) {
  PB_ASSIGN(Statement query,
            connection_.prepare("SELECT id, received_at, is_message, sealed FROM held_stanzas "
                                "WHERE instance_id = ?1 ORDER BY number LIMIT ?2"));
  query.bind(instance_id, std::clamp<int64_t>(limit, 1, kMaxRead));
  std::vector<HeldStanza> stanzas;
  for (;;) {
    PB_ASSIGN(const bool row, query.step());
    if (!row) return stanzas;
    const std::string id = query.text();
    HeldStanza stanza{.key = id.substr(instance_id.size() + 1), .bytes = {}};
    stanza.received_at = query.time();
    stanza.is_message = query.boolean();
    PB_ASSIGN(stanza.bytes, box_.open(query.blob(), kSealedHeldStanzas.context_of(id)));
    stanzas.push_back(std::move(stanza));
  }
}

}  // namespace patchbay::store
