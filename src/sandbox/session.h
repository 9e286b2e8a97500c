// What a connection does with stanzas once the handshake is done: a pairing that waits for a phone, or a
// device that is logged in. Internal to the module. Shard-local.
#pragma once

#include <string>
#include <string_view>

#include "binary/node.h"

namespace patchbay::sandbox {

class Session {
 public:
  virtual ~Session() = default;
  virtual void start() = 0;
  virtual void on_node(const binary::Node& node) = 0;
  // About every second.
  virtual void on_tick() = 0;
  // JID of the device, for the list of violations; empty before a login.
  virtual std::string who() const = 0;
};

}  // namespace patchbay::sandbox
