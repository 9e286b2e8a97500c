#include "store/sealed_columns.h"
#include "store/sqlite_transaction.h"

namespace patchbay::store {
namespace {

#define PB_INSTANCE_COLUMNS                                                                             \
  "i.id, i.subscription_id, i.created_by_id, i.created_at, i.updated_at, i.last_seq, i.held_messages, " \
  "i.name, "                                                                                            \
  "i.description, "                                                                                     \
  "i.settings, i.metadata, i.is_active, i.status, i.desired_state, i.status_since, i.phone, "           \
  "i.display_name, "                                                                                    \
  "i.last_connected_at, i.last_disconnected_at, i.qr_code, i.qr_code_expiry, i.connection_attempts, "   \
  "i.last_error, i.last_error_at, i.reason_code, i.reason_text, i.next_step, i.next_step_text, "        \
  "i.next_step_at"
#define PB_INSTANCE_ROW                                                                    \
  "SELECT " PB_INSTANCE_COLUMNS                                                            \
  ", u.id, u.name, u.email, (SELECT count(*) FROM api_keys k WHERE k.instance_id = i.id) " \
  "FROM instances i JOIN users u ON u.id = i.created_by_id "
// ?1 subscription, ?2 status or null, ?3 pattern or null, ?4 creator or null
#define PB_INSTANCE_FILTER                                              \
  "WHERE i.subscription_id = ?1 AND (?2 IS NULL OR i.status = ?2) AND " \
  "(?4 IS NULL OR i.created_by_id = ?4) AND (?3 IS NULL OR "            \
  "i.name LIKE ?3 ESCAPE '\\' OR i.display_name LIKE ?3 ESCAPE '\\' OR i.phone LIKE ?3 ESCAPE '\\')"

Instance read_instance(Statement& row) {
  Instance instance;
  instance.id = row.text();
  instance.subscription_id = row.text();
  instance.created_by_id = row.text();
  instance.created_at = row.time();
  instance.updated_at = row.time();
  instance.last_seq = static_cast<uint64_t>(row.integer());
  instance.held_messages = row.integer();
  InstanceConfig& config = instance.config;
  config.name = row.text();
  config.description = row.text();
  config.settings_json = row.text();
  config.metadata_json = row.text();
  config.is_active = row.boolean();
  InstanceState& state = instance.state;
  state.status = row.text();
  state.desired_state = row.text();
  state.status_since = row.time();
  state.phone = row.optional_text();
  state.display_name = row.optional_text();
  state.last_connected_at = row.optional_time();
  state.last_disconnected_at = row.optional_time();
  state.qr_code = row.optional_text();
  state.qr_code_expiry = row.optional_time();
  state.connection_attempts = row.integer();
  state.last_error = row.optional_text();
  state.last_error_at = row.optional_time();
  state.reason_code = row.text();
  state.reason_text = row.text();
  state.next_step = row.text();
  state.next_step_text = row.text();
  state.next_step_at = row.optional_time();
  return instance;
}

InstanceRow read_instance_row(Statement& row) {
  InstanceRow item;
  item.instance = read_instance(row);
  item.created_by.id = row.text();
  item.created_by.name = row.text();
  item.created_by.email = row.text();
  item.api_key_count = row.integer();
  return item;
}

std::string_view sort_column(InstanceFilter::SortBy sort_by) {
  switch (sort_by) {
    case InstanceFilter::SortBy::kCreatedAt:
      return "i.created_at";
    case InstanceFilter::SortBy::kUpdatedAt:
      return "i.updated_at";
    case InstanceFilter::SortBy::kName:
      return "i.name COLLATE NOCASE";
    case InstanceFilter::SortBy::kStatus:
      return "i.status";
    case InstanceFilter::SortBy::kLastConnectedAt:
      return "i.last_connected_at";
  }
  return "i.created_at";
}

// "50%" is looked for as it stands, not as a pattern.
std::optional<std::string> like_pattern(std::string_view search) {
  if (search.empty()) return std::nullopt;
  std::string pattern = "%";
  for (const char c : search) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + "%";
}

std::unexpected<Error> name_taken() {
  return fail(ErrorCode::kInstanceAlreadyExists, "There is already an instance with this name.");
}
std::unexpected<Error> no_such_instance() {
  return fail(ErrorCode::kInstanceNotFound, "There is no such instance.");
}

}  // namespace

Result<std::optional<Instance>> SqliteTransaction::instance(std::string_view id) {
  PB_ASSIGN(Statement query,
            connection_.prepare("SELECT " PB_INSTANCE_COLUMNS " FROM instances i WHERE i.id = ?1"));
  PB_ASSIGN(const bool row, query.bind(id).step());
  if (!row) return std::nullopt;
  return read_instance(query);
}

Result<std::optional<InstanceRow>> SqliteTransaction::instance_row(std::string_view id,
                                                                   std::string_view subscription_id) {
  PB_ASSIGN(Statement query,
            connection_.prepare(PB_INSTANCE_ROW "WHERE i.id = ?1 AND i.subscription_id = ?2"));
  PB_ASSIGN(const bool row, query.bind(id, subscription_id).step());
  if (!row) return std::nullopt;
  return read_instance_row(query);
}

Result<Page<InstanceRow>> SqliteTransaction::instances(const InstanceFilter& filter) {
  Page<InstanceRow> page;
  const std::optional<std::string> pattern = like_pattern(filter.search);
  {
    PB_ASSIGN(Statement query, connection_.prepare("SELECT count(*) FROM instances i " PB_INSTANCE_FILTER));
    PB_ASSIGN(const bool row,
              query.bind(filter.subscription_id, filter.status, pattern, filter.created_by_id).step());
    if (row) page.total = query.integer();
  }
  const std::string direction = filter.paging.ascending ? " ASC" : " DESC";
  std::string sql = PB_INSTANCE_ROW PB_INSTANCE_FILTER " ORDER BY ";
  sql += sort_column(filter.sort_by);
  sql += direction + ", i.number" + direction + " LIMIT ?5 OFFSET ?6";
  PB_ASSIGN(Statement query, connection_.prepare(sql));
  query.bind(filter.subscription_id, filter.status, pattern, filter.created_by_id,
             clamped_limit(filter.paging), offset_of(filter.paging));
  for (;;) {
    PB_ASSIGN(const bool row, query.step());
    if (!row) return page;
    page.items.push_back(read_instance_row(query));
  }
}

Result<int64_t> SqliteTransaction::count_instances_of(std::string_view subscription_id) {
  return count("SELECT count(*) FROM instances WHERE subscription_id = ?1", subscription_id);
}

Status SqliteTransaction::for_each_instance(const std::function<Status(Instance)>& visit) {
  PB_ASSIGN(Statement query,
            connection_.prepare("SELECT " PB_INSTANCE_COLUMNS " FROM instances i ORDER BY i.number"));
  for (;;) {
    PB_ASSIGN(const bool row, query.step());
    if (!row) return {};
    PB_TRY(visit(read_instance(query)));
  }
}

Result<std::optional<std::string>> SqliteTransaction::secret_of(const SealedColumn& column,
                                                                std::string_view instance_id) {
  PB_ASSIGN(Statement query, connection_.prepare("SELECT sealed FROM " + std::string(column.table) +
                                                 " WHERE instance_id = ?1"));
  PB_ASSIGN(const bool row, query.bind(instance_id).step());
  if (!row) return std::nullopt;
  PB_ASSIGN(auto secret, box_.open(query.blob(), column.context_of(instance_id)));
  return secret;
}

Result<std::optional<std::string>> SqliteTransaction::credentials(std::string_view instance_id) {
  return secret_of(kSealedCredentials, instance_id);
}

Result<std::optional<std::string>> SqliteTransaction::proxy_url(std::string_view instance_id) {
  return secret_of(kSealedProxies, instance_id);
}

Status SqliteTransaction::insert_instance(const Instance& instance) {
  PB_ASSIGN(
      Statement insert,
      connection_.prepare(
          "INSERT INTO instances (id, subscription_id, created_by_id, created_at, updated_at, name, "
          "description, settings, metadata, is_active, status, desired_state, status_since, phone, "
          "display_name, last_connected_at, last_disconnected_at, qr_code, qr_code_expiry, "
          "connection_attempts, last_error, last_error_at, reason_code, reason_text, next_step, "
          "next_step_text, next_step_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, "
          "?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27)"));
  const InstanceConfig& config = instance.config;
  const InstanceState& state = instance.state;
  insert.bind(instance.id, instance.subscription_id, instance.created_by_id, instance.created_at,
              instance.updated_at, config.name, config.description, config.settings_json,
              config.metadata_json, config.is_active, state.status, state.desired_state, state.status_since,
              state.phone, state.display_name, state.last_connected_at, state.last_disconnected_at,
              state.qr_code, state.qr_code_expiry, state.connection_attempts, state.last_error,
              state.last_error_at, state.reason_code, state.reason_text, state.next_step,
              state.next_step_text, state.next_step_at);
  Status status = insert.run();
  if (insert.broke_unique()) return name_taken();
  if (insert.broke_foreign_key())
    return fail(ErrorCode::kResourceConflict, "The subscription or the user of the new instance is gone.");
  return status;
}

Status SqliteTransaction::put_instance_config(std::string_view id, const InstanceConfig& config,
                                              WallTime now) {
  PB_ASSIGN(
      Statement update,
      connection_.prepare("UPDATE instances SET name = ?2, description = ?3, settings = ?4, metadata = ?5, "
                          "is_active = ?6, updated_at = ?7 WHERE id = ?1"));
  update.bind(id, config.name, config.description, config.settings_json, config.metadata_json,
              config.is_active, now);
  Status status = update.run();
  if (update.broke_unique()) return name_taken();
  PB_TRY(std::move(status));
  if (update.changes() == 0) return no_such_instance();
  return {};
}

Status SqliteTransaction::put_instance_state(std::string_view id, const InstanceState& state, WallTime now) {
  PB_ASSIGN(Statement update,
            connection_.prepare(
                "UPDATE instances SET status = ?2, desired_state = ?3, status_since = ?4, phone = ?5, "
                "display_name = ?6, last_connected_at = ?7, last_disconnected_at = ?8, qr_code = ?9, "
                "qr_code_expiry = ?10, connection_attempts = ?11, last_error = ?12, last_error_at = ?13, "
                "reason_code = ?14, reason_text = ?15, next_step = ?16, next_step_text = ?17, "
                "next_step_at = ?18, updated_at = ?19 WHERE id = ?1"));
  update.bind(id, state.status, state.desired_state, state.status_since, state.phone, state.display_name,
              state.last_connected_at, state.last_disconnected_at, state.qr_code, state.qr_code_expiry,
              state.connection_attempts, state.last_error, state.last_error_at, state.reason_code,
              state.reason_text, state.next_step, state.next_step_text, state.next_step_at, now);
  PB_TRY(update.run());
  if (update.changes() == 0) return no_such_instance();
  return {};
}

Status SqliteTransaction::delete_instance(std::string_view id) {
  PB_ASSIGN(Statement remove, connection_.prepare("DELETE FROM instances WHERE id = ?1"));
  PB_TRY(remove.bind(id).run());
  if (remove.changes() == 0) return no_such_instance();
  return {};
}

Status SqliteTransaction::put_secret(const SealedColumn& column, std::string_view instance_id,
                                     std::string_view secret) {
  PB_ASSIGN(Statement upsert,
            connection_.prepare("INSERT INTO " + std::string(column.table) +
                                " (instance_id, sealed) VALUES (?1, ?2) "
                                "ON CONFLICT (instance_id) DO UPDATE SET sealed = excluded.sealed"));
  const Bytes sealed = box_.seal(secret, column.context_of(instance_id));
  Status status = upsert.bind(instance_id, Blob{sealed}).run();
  if (upsert.broke_foreign_key()) return no_such_instance();
  return status;
}

Status SqliteTransaction::delete_secret(const SealedColumn& column, std::string_view instance_id) {
  PB_ASSIGN(Statement remove,
            connection_.prepare("DELETE FROM " + std::string(column.table) + " WHERE instance_id = ?1"));
  return remove.bind(instance_id).run();
}

Status SqliteTransaction::put_credentials(std::string_view instance_id, std::string_view secret) {
  return put_secret(kSealedCredentials, instance_id, secret);
}

Status SqliteTransaction::delete_credentials(std::string_view instance_id) {
  PB_TRY(delete_secret(kSealedHeldStanzas, instance_id));
  PB_ASSIGN(Statement reset, connection_.prepare("UPDATE instances SET held_count = 0, held_bytes = 0, "
                                                 "held_messages = 0 WHERE id = ?1 AND held_count > 0"));
  PB_TRY(reset.bind(instance_id).run());
  return delete_secret(kSealedCredentials, instance_id);
}

Status SqliteTransaction::put_proxy_url(std::string_view instance_id, std::string_view url) {
  return put_secret(kSealedProxies, instance_id, url);
}

Status SqliteTransaction::delete_proxy_url(std::string_view instance_id) {
  return delete_secret(kSealedProxies, instance_id);
}

}  // namespace patchbay::store
