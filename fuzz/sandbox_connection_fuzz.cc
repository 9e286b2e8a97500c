// deps: sandbox
// A client that has paired and logged in, and then sends anything: arbitrary nodes behind a good handshake,
// time passing between them. Input: a byte of options, then pieces, each with two bytes of length in front:
// plaintexts of frames. What the world then holds must stay within its limits.
#include <cstdlib>
#include <string_view>

#include "sandbox/rig.h"

namespace {

using namespace patchbay;
using sandbox::test::Client;
using sandbox::test::World;

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto options = static_cast<uint8_t>(input.front());
  input.remove_prefix(1);
  World world;
  sandbox::Account& phone = world.phone();
  world.phone("15550002222", true);
  Client client(world);
  if ((options & 1) != 0) {
    require(client.pair(phone));
    client.log_in((options & 2) != 0);
  } else {
    const std::string ref = client.begin_pairing();
    if ((options & 2) != 0)
      require(
          sandbox::Phone(world.network, *world.network.find("15550002222")).scan(client.qr(ref)).has_value());
  }
  while (input.size() >= 2 && !client.closed) {
    const size_t length = static_cast<uint8_t>(input[0]) << 8 | static_cast<uint8_t>(input[1]);
    input.remove_prefix(2);
    const std::string_view plain = input.substr(0, length);
    input.remove_prefix(plain.size());
    client.say_raw(plain);
    client.nodes.clear();
    world.executor.advance(Milliseconds(options));
  }
  require(world.network.violations().kept().size() <= sandbox::ViolationLog::kMaxKept);
  for (const auto& [number, account] : world.network.accounts())
    for (const auto& [device_number, device] : account->devices)
      require(device.queue.size() <= sandbox::Device::kMaxQueued);
  world.network.reset(1);
  require(world.network.accounts().empty());
  return 0;
}
