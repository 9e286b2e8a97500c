// Answers to the requests of a device that is logged in, one function a namespace. Each gives the iq that
// answers: a result or an error. Internal to the module. Shard-local.
#pragma once

#include <functional>
#include <string_view>

#include "binary/node.h"
#include "sandbox/network.h"

namespace patchbay::sandbox {

struct IqContext {
  Network& network;
  Account& account;
  Device& device;
  const std::function<void(std::string_view rule, std::string_view description)>& violation;
};

// Prekeys: count, upload, digest, fetch, rotate.
binary::Node answer_encrypt(IqContext& context, const binary::Node& iq);
// Devices, LIDs, contacts, about texts.
binary::Node answer_usync(IqContext& context, const binary::Node& iq);
// Groups.
binary::Node answer_groups(IqContext& context, const binary::Node& iq);
// Everything small: pings, privacy, block list, properties, pictures, about text, media hosts, app state.
// Namespaces that the sandbox does not know are answered 501.
binary::Node answer_settings(IqContext& context, const binary::Node& iq);

}  // namespace patchbay::sandbox
