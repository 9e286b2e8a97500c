#include "manager/account_views.h"

namespace patchbay::manager {

std::unexpected<Error> user_gone() {
  return fail(ErrorCode::kAuthentication, "The user of this token does not exist any more or is disabled.");
}

UserView view_of(const store::User& user) {
  return {.id = user.id,
          .email = user.email,
          .name = user.name,
          .role = parse_role(user.role).value_or(Role::kUser),
          .subscription_id = user.subscription_id,
          .is_active = user.is_active,
          .created_at = user.created_at,
          .updated_at = user.updated_at,
          .last_login_at = user.last_login_at};
}

SubscriptionView view_of(const store::Subscription& subscription) {
  return {.id = subscription.id,
          .name = subscription.name,
          .tier = subscription.tier,
          .max_instances = subscription.max_instances,
          .is_active = subscription.is_active,
          .created_at = subscription.created_at,
          .updated_at = subscription.updated_at,
          .current_instances = subscription.current_instances,
          .monthly_messages = subscription.monthly_messages,
          .last_usage_reset = subscription.last_usage_reset};
}

TierLimits tier_limits(std::string_view tier) {
  if (tier == "PRO") return {.max_instances = 20, .monthly_messages = 50'000, .keys_per_instance = 5};
  if (tier == "MAX") return {.max_instances = 40, .monthly_messages = 100'000, .keys_per_instance = 10};
  return {.max_instances = 5, .monthly_messages = 10'000, .keys_per_instance = 1};
}

}  // namespace patchbay::manager
