// Internal to the module. The end of a pairing: the account vouches for this device, the device checks it and
// signs in return (docs/protocol/whatsapp.md, "Pairing"). Nothing in here is believed before both checks
// passed. Pure functions, but for the signature's randomness; any thread.
#pragma once

#include <optional>
#include <string>

#include "binary/node.h"
#include "whatsapp/credentials.h"

namespace patchbay::whatsapp {

enum class PairFault {
  kNone,
  kHmac,       // it was not made for the secret in our code
  kSignature,  // the account did not sign our identity
  kInternal,   // it cannot be read, or names no device
};

struct PairOutcome {
  PairFault fault = PairFault::kNone;
  // For people, without secrets; empty when all is well.
  std::string text = {};
  // What to send: the signed identity (only once the credentials are durable), or the error. Nothing when the
  // query cannot be answered at all.
  std::optional<binary::Node> reply = {};
};

// `iq` is the query that holds <pair-success>. When all is well `credentials` are linked afterwards; else
// they are as they were.
PairOutcome accept_pair_success(const binary::Node& iq, Credentials& credentials);

}  // namespace patchbay::whatsapp
