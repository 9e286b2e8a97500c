// From one device to others: messages, receipts, presences, typing. What a device sends is checked against
// the protocol, then queued at the devices it is for. Internal to the module. Shard-local.
#pragma once

#include <functional>
#include <string_view>

#include "binary/node.h"
#include "sandbox/network.h"

namespace patchbay::sandbox {

struct Sender {
  Network& network;
  Account& account;
  Device& device;
  const std::function<void(std::string_view rule, std::string_view description)>& violation;
};

// The <ack class="message"> that answers; a `phash` in it says that the sender's list of devices is not the
// present one, an `error` that nothing was delivered.
binary::Node route_message(Sender& sender, const binary::Node& message);
// The <ack class="receipt"> that answers.
binary::Node route_receipt(Sender& sender, const binary::Node& receipt);
// To everybody who is connected and it may concern; nothing is kept.
void route_presence(Sender& sender, const binary::Node& presence);
void route_chatstate(Sender& sender, const binary::Node& chatstate);

}  // namespace patchbay::sandbox
