#include "manager/account_moves.h"

#include <optional>
#include <utility>

#include "base/ids.h"
#include "manager/instance_events.h"
#include "manager/instance_runtime.h"
#include "manager/text_rules.h"

namespace patchbay::manager {
namespace {

Result<store::Instance> find(store::WriteTransaction& tx, std::string_view id) {
  PB_ASSIGN(auto instance, tx.instance(id));
  if (!instance)
    return fail(ErrorCode::kInstanceNotFound, "There is no instance with the id " + std::string(id) + ".");
  return std::move(*instance);
}

// From whatever it was to rest, as the operator wants it from now on.
Status rest(store::WriteTransaction& tx, std::string_view id, MachineRecord record, Reason reason,
            NextStep next_step, std::string_view action, WallTime now) {
  StatusChange change{.old_status = record.status,
                      .new_status = InstanceStatus::kDisconnected,
                      .timestamp = now,
                      .error = std::nullopt,
                      .reason = reason,
                      .next_step = next_step};
  if (record.status == InstanceStatus::kConnected) record.last_disconnected_at = now;
  record.status = InstanceStatus::kDisconnected;
  record.desired = DesiredState::kDisconnected;
  record.status_since = now;
  record.qr_text.reset();
  record.qr_expiry.reset();
  record.connection_attempts = 0;
  record.last_error.reset();
  record.last_error_at.reset();
  record.reason = std::move(reason);
  record.next_step = std::move(next_step);
  PB_TRY(tx.put_instance_state(id, record_to_store(record), now));
  PB_ASSIGN(const uint64_t seq, tx.append_event(id, to_string(InstanceEventType::kStatusChanged),
                                                status_changed_data(change), now));
  (void)seq;
  return tx.append_audit({.id = make_cuid(now),
                          .action = std::string(action),
                          .resource = "instance",
                          .resource_id = std::string(id),
                          .user_id = {},
                          .ip_address = {},
                          .time = now});
}

}  // namespace

Status note_departure(store::WriteTransaction& tx, std::string_view id, WallTime now) {
  PB_ASSIGN(const store::Instance instance, find(tx, id));
  return rest(tx, id, record_from_store(instance.state),
              {"EXPORTED", "The account was exported, to be used on another server."},
              {.what = NextStep::What::kOperator,
               .text = "Use it where it was imported; connecting it here as well ends the connection there."},
              "instance.export", now);
}

Status put_arrival(store::WriteTransaction& tx, std::string_view id, const ArrivingAccount& account,
                   bool replace, WallTime now) {
  PB_ASSIGN(const store::Instance instance, find(tx, id));
  // What cannot be read is a link as well: it may be readable again tomorrow.
  const auto present = tx.credentials(id);
  if (!replace && (!present || *present))
    return fail(ErrorCode::kInvalidOperation,
                "The instance is linked already, and its link would be lost. Log it out first, or say "
                "--replace.");
  MachineRecord record = record_from_store(instance.state);
  record.phone = account.phone;
  record.display_name =
      account.display_name.empty() ? std::nullopt : std::optional<std::string>(account.display_name);
  PB_TRY(tx.put_credentials(id, account.credentials));
  return rest(tx, id, std::move(record),
              {"IMPORTED", "The account was imported from " + account.origin + "."},
              {.what = NextStep::What::kOperator, .text = "Connect the instance; nothing has to be scanned."},
              "instance.import", now);
}

Result<std::string> create_for_arrival(store::WriteTransaction& tx, std::string_view owner_email,
                                       std::string_view name, WallTime now) {
  PB_TRY(check_instance_name(name));
  PB_ASSIGN(const std::string email, clean_email(owner_email));
  PB_ASSIGN(const auto owner, tx.user_by_email(email));
  if (!owner) return fail(ErrorCode::kUserNotFound, "There is no user with the email address " + email + ".");
  PB_ASSIGN(const int64_t count, tx.count_instances_of(owner->subscription.id));
  if (count >= owner->subscription.max_instances)
    return fail(ErrorCode::kInstanceLimitReached, "The subscription's limit of " +
                                                      std::to_string(owner->subscription.max_instances) +
                                                      " instances is reached; delete one first.");
  store::Instance row;
  row.id = make_cuid(now);
  row.subscription_id = owner->subscription.id;
  row.created_by_id = owner->user.id;
  row.created_at = row.updated_at = now;
  row.config.name = name;
  row.state = record_to_store(
      {.status_since = now, .reason = {"CREATED", "The instance was created."}, .next_step = {}});
  PB_TRY(tx.insert_instance(row));
  return row.id;
}

}  // namespace patchbay::manager
