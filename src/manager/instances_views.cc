#include <algorithm>

#include <boost/json.hpp>

#include "manager/instances_impl.h"
#include "whatsapp/proxy_url.h"

namespace patchbay::manager {
namespace {

// The name that an operator gave, shown until the account has told its own.
std::string label_of(const store::Instance& row) {
  boost::system::error_code error;
  const auto metadata = boost::json::parse(row.config.metadata_json, error);
  if (error || !metadata.is_object()) return {};
  const auto* label = metadata.as_object().if_contains("displayName");
  return label && label->is_string() ? std::string(label->as_string()) : std::string();
}
InstanceView instance_view(const store::Instance& row, WallTime now) {
  const MachineRecord record = record_from_store(row.state);
  InstanceView view{.id = row.id,
                    .name = row.config.name,
                    .subscription_id = row.subscription_id,
                    .created_by_id = row.created_by_id,
                    .status = record.status,
                    .phone = record.phone,
                    .display_name = record.display_name,
                    .created_at = row.created_at,
                    .updated_at = row.updated_at,
                    .last_connected_at = record.last_connected_at,
                    .last_disconnected_at = record.last_disconnected_at,
                    .settings_json = row.config.settings_json,
                    .is_active = row.config.is_active,
                    .connection_attempts = record.connection_attempts,
                    .last_error = record.last_error,
                    .last_error_at = record.last_error_at,
                    .desired_state = record.desired,
                    .reason = record.reason,
                    .next_step = record.next_step,
                    .status_since = record.status_since,
                    .last_seq = row.last_seq,
                    .description = row.config.description,
                    .held_messages = row.held_messages};
  if (!view.display_name)
    if (std::string label = label_of(row); !label.empty()) view.display_name = std::move(label);
  if (record.qr_text && record.qr_expiry && *record.qr_expiry > now) {
    view.qr_code = record.qr_text;
    view.qr_code_expiry = record.qr_expiry;
  }
  return view;
}

}  // namespace

// The row may be a moment newer than what its executor has told: the newer of both counts.
RealTimeStatus Instances::Impl::real_time(const InstanceView& view,
                                          const std::optional<LiveInstance>& now) const {
  RealTimeStatus out;
  if (now) {
    out.qr_attempts = now->qr_attempt;
    out.max_qr_attempts = now->max_qr_attempts;
  }
  const bool is_newest = now && now->last_seq >= view.last_seq;
  const InstanceStatus status = is_newest ? now->record.status : view.status;
  out.exists = is_newest ? now->has_session : status != InstanceStatus::kDisconnected;
  out.connection_state = to_string(status);
  out.is_connected = status == InstanceStatus::kConnected;
  if (!out.is_connected)
    out.reconnect_attempts = is_newest ? now->record.connection_attempts : view.connection_attempts;
  if (status != InstanceStatus::kQrRequired) out.qr_attempts = 0;
  out.phone = is_newest ? now->record.phone : view.phone;
  out.display_name = is_newest ? now->record.display_name : view.display_name;
  return out;
}

InstanceDetails Instances::Impl::details_of(store::ReadTransaction& tx, const store::InstanceRow& row) const {
  InstanceDetails details;
  details.instance = instance_view(row.instance, clock_.wall_now());
  details.created_by = {.id = row.created_by.id, .name = row.created_by.name, .email = row.created_by.email};
  details.counts.api_keys = row.api_key_count;
  // One that cannot be read is told by the instance's status.
  if (const auto proxy = tx.proxy_url(row.instance.id); proxy && *proxy)
    if (auto shown = whatsapp::shown_proxy_url(**proxy)) details.instance.proxy_url = std::move(*shown);
  overlay(details);
  return details;
}

void Instances::Impl::overlay(InstanceDetails& details) const {
  InstanceView& view = details.instance;
  const auto now = live(view.id);
  details.real_time = real_time(view, now);
  // What moves without being written: signs of life shift the deadline of a connected instance.
  if (now && now->last_seq == view.last_seq && now->record.status == view.status)
    view.next_step = now->record.next_step;
  // What links a phone is in no row.
  if (now && view.status == InstanceStatus::kQrRequired) view.linking = now->record.linking;
}

}  // namespace patchbay::manager
