// The sandbox's REST interface, everything under /api/sandbox: phones and what is done with them, faults,
// violations, the state of the world. JSON in, JSON out; docs/sandbox.md describes it. No authentication: a
// sandbox listens on loopback. Belongs to the network's executor, like the network.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "sandbox/network.h"

namespace patchbay::sandbox {

class Control {
 public:
  static constexpr size_t kMaxBodyBytes = 3u << 20;  // a QR code as a PNG in base64

  explicit Control(Network& network) : network_(network) {}

  http::Response handle(const http::Request& request);

 private:
  Network& network_;
};

}  // namespace patchbay::sandbox
