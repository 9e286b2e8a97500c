// What the record of an instance goes through while its account leaves for another server, or arrives from
// one. For a stopped server alone: a running one holds the state of its instances in memory. Not here: files,
// bundles, what is in credentials. Functions on an open transaction; the thread that runs it.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "store/transaction.h"

namespace patchbay::manager {

struct ArrivingAccount {
  std::string credentials;  // as whatsapp::Engine understands them; a secret
  std::string phone;        // digits
  std::string display_name;
  std::string origin;  // for people: "a bundle", "Baileys"
};

// The account was handed out: the instance rests, so that two places do not fight for one link; its
// credentials stay. kInstanceNotFound.
Status note_departure(store::WriteTransaction& tx, std::string_view id, WallTime now);

// Puts the account into an instance, which then rests until somebody connects it. kInvalidOperation when it
// is linked, readable or not, and `replace` is not set; kInstanceNotFound.
Status put_arrival(store::WriteTransaction& tx, std::string_view id, const ArrivingAccount& account,
                   bool replace, WallTime now);

// A new instance of the subscription that `owner_email` belongs to; returns its id. kUserNotFound,
// kValidation (the name), kInstanceAlreadyExists, kInstanceLimitReached.
Result<std::string> create_for_arrival(store::WriteTransaction& tx, std::string_view owner_email,
                                       std::string_view name, WallTime now);

}  // namespace patchbay::manager
