// From the store's records to what accounts shows. Internal to the module. Pure functions.
#pragma once

#include "manager/accounts.h"
#include "store/records.h"

namespace patchbay::manager {

UserView view_of(const store::User& user);
SubscriptionView view_of(const store::Subscription& subscription);

// kAuthentication: the token is good, its user is not there any more.
std::unexpected<Error> user_gone();

}  // namespace patchbay::manager
