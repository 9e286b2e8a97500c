#include "rest/json_view.h"

#include <boost/json.hpp>

namespace patchbay::rest {

namespace json = boost::json;

json::object parse_object(std::string_view text) {
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  return !error && value.is_object() ? std::move(value.get_object()) : json::object();
}

json::object to_json(const manager::CreatorView& creator) {
  return {{"id", creator.id}, {"name", creator.name}, {"email", creator.email}};
}

json::object to_json(const manager::InstanceCounts& counts) {
  return {
      {"apiKeys", counts.api_keys}, {"messageStats", counts.message_stats}, {"contacts", counts.contacts}};
}

json::object to_json(const manager::RealTimeStatus& status) {
  return {{"exists", status.exists},
          {"connectionState", status.connection_state},
          {"reconnectAttempts", status.reconnect_attempts},
          {"qrAttempts", status.qr_attempts},
          {"maxQRAttempts", status.max_qr_attempts},
          {"isConnected", status.is_connected},
          {"phone", to_json(status.phone)},
          {"displayName", to_json(status.display_name)}};
}

json::object to_json(const manager::Linking& linking, WallTime now) {
  json::object out{{"method", manager::to_string(linking.method)},
                   {"pairCode", nullptr},
                   {"pairCodeExpiry", nullptr},
                   {"passkey", nullptr}};
  if (linking.pair_code && linking.pair_code->expiry > now) {
    out["pairCode"] = linking.pair_code->code;
    out["pairCodeExpiry"] = to_json(linking.pair_code->expiry);
  }
  if (linking.passkey && linking.passkey->expiry > now)
    out["passkey"] = {{"options", parse_object(linking.passkey->options_json)},
                      {"expiry", to_json(linking.passkey->expiry)},
                      {"verificationCode", to_json(linking.passkey->verification_code)}};
  return out;
}

json::object to_json(const manager::SubscriptionBrief& subscription) {
  return {{"id", subscription.id}, {"name", subscription.name}, {"tier", subscription.tier}};
}

json::object to_json(const manager::SubscriptionView& subscription) {
  return {{"id", subscription.id},
          {"name", subscription.name},
          {"tier", subscription.tier},
          {"maxInstances", subscription.max_instances},
          {"isActive", subscription.is_active},
          {"createdAt", to_json(subscription.created_at)},
          {"updatedAt", to_json(subscription.updated_at)},
          {"currentInstances", subscription.current_instances},
          {"monthlyMessages", subscription.monthly_messages},
          {"lastUsageReset", to_json(subscription.last_usage_reset)}};
}

json::object to_json(const manager::UserView& user, const manager::SubscriptionView& subscription) {
  return {{"id", user.id},
          {"email", user.email},
          {"name", user.name},
          {"role", manager::to_string(user.role)},
          {"subscriptionId", user.subscription_id},
          {"isActive", user.is_active},
          {"createdAt", to_json(user.created_at)},
          {"updatedAt", to_json(user.updated_at)},
          {"lastLoginAt", to_json(user.last_login_at)},
          {"subscription", to_json(subscription)}};
}

json::object limits_json(const manager::SubscriptionUsage& usage) {
  return {{"maxInstances", usage.limits.max_instances}, {"monthlyMessages", usage.limits.monthly_messages}};
}

json::object numbers_json(const manager::SubscriptionUsage& usage) {
  return {{"currentInstances", usage.current_instances},
          {"currentUsers", usage.current_users},
          {"monthlyMessages", usage.monthly_messages}};
}

json::object creator_json(const manager::SubscriptionUsage& usage, std::string_view user_id) {
  for (const manager::UserListItem& item : usage.users) {
    if (item.user.id == user_id) {
      return {{"id", item.user.id}, {"name", item.user.name}, {"email", item.user.email}};
    }
  }
  return {{"id", user_id}, {"name", ""}, {"email", ""}};
}

json::object page_json(int64_t page, int64_t per_page, int64_t total) {
  const int64_t pages = (total + per_page - 1) / per_page;
  return {{"page", page},         {"per_page", per_page},     {"total", total},
          {"total_pages", pages}, {"has_next", page < pages}, {"has_prev", page > 1}};
}

}  // namespace patchbay::rest
