// Which sockets an operation is for, and how a packet travels. Values; any thread.
#pragma once

#include <string>
#include <vector>

namespace patchbay::socketio {

struct Selection {
  // A socket is meant when it is in any of these; its id is a room of its own. Empty: everybody.
  std::vector<std::string> rooms;
  // And in none of these.
  std::vector<std::string> except;
  // Only sockets of this process, when an adapter joins several.
  bool local = false;
};

struct EmitFlags {
  // Dropped for a receiver that has something waiting already.
  bool is_volatile = false;
  // False: not worth compressing (already compressed, or secret next to chosen text).
  bool compress = true;
  // While a packet with the same key waits for a slow receiver, the newer one takes its place. Empty: none.
  std::string coalesce_key;
};

}  // namespace patchbay::socketio
