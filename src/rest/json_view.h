// Values of the manager as JSON, in the shapes of the panel contract §5: times as ISO 8601, what is absent as
// null. Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/clock.h"
#include "manager/accounts.h"
#include "manager/instances.h"

namespace patchbay::rest {

inline boost::json::value to_json(WallTime time) {
  return boost::json::string(to_iso8601(time));
}
inline boost::json::value to_json(const std::optional<WallTime>& time) {
  return time ? to_json(*time) : boost::json::value(nullptr);
}
inline boost::json::value to_json(const std::optional<std::string>& text) {
  return text ? boost::json::value(*text) : boost::json::value(nullptr);
}

// `text` is JSON that the manager wrote; an empty object if it is not one.
boost::json::object parse_object(std::string_view text);

boost::json::object to_json(const manager::CreatorView& creator);    // "By"
boost::json::object to_json(const manager::InstanceCounts& counts);  // "Cnt"
boost::json::object to_json(const manager::RealTimeStatus& status);  // "RT"
// {method, pairCode, pairCodeExpiry, passkey{options, expiry, verificationCode}}, the codes as long as they
// are valid at `now`. The QR code stands beside it, in the instance.
boost::json::object to_json(const manager::Linking& linking, WallTime now);
boost::json::object to_json(const manager::SubscriptionBrief& subscription);

boost::json::object to_json(const manager::SubscriptionView& subscription);  // "Sub"
// "User": with its subscription.
boost::json::object to_json(const manager::UserView& user, const manager::SubscriptionView& subscription);

// The parts of the two usage answers.
boost::json::object limits_json(const manager::SubscriptionUsage& usage);
boost::json::object numbers_json(const manager::SubscriptionUsage& usage);
boost::json::object creator_json(const manager::SubscriptionUsage& usage, std::string_view user_id);

// {page, per_page, total, total_pages, has_next, has_prev}
boost::json::object page_json(int64_t page, int64_t per_page, int64_t total);

}  // namespace patchbay::rest
