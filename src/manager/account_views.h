// From the store's records to what accounts shows. Internal to manager. Pure functions.
#pragma once

#include "manager/accounts.h"
#include "store/records.h"

namespace patchbay::manager {

UserView view_of(const store::User& user);
SubscriptionView view_of(const store::Subscription& subscription);

}  // namespace patchbay::manager
