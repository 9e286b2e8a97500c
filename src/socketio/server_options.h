// Everything that can be set about a Socket.IO server, with its default. Values.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "engineio/server.h"
#include "http/static_site.h"
#include "socketio/adapter.h"
#include "socketio/output_backlog.h"

namespace patchbay::socketio {

// Connection state recovery: a client that comes back in time misses nothing. Costs a log of recent
// broadcasts for each namespace, and makes broadcasts from shards other than the first take one hop more.
struct RecoveryOptions {
  // How long a session waits for its client.
  Milliseconds max_disconnection_duration{120'000};
  // A client that is recovered does not pass the namespace's middleware again.
  bool skip_middlewares = true;
  // Broadcasts kept for one namespace; the shards share the bytes of the messages.
  size_t max_log_bytes = 8'000'000;
  // Events kept that one socket alone was sent.
  size_t max_direct_bytes = 256 * 1024;
  // Sessions that wait, of one namespace on one shard, and their bytes; past it the oldest go.
  size_t max_sessions = 100'000;
  size_t max_session_bytes = 64'000'000;
};

// What may wait for clients that read more slowly than they are sent to. Up to `direct_bytes` a packet goes
// straight to the transport; behind that it waits in its connection's backlog, where policies apply. Bytes of
// a backlog are those of the payloads and 256 for each packet, which is what keeping it takes. They do not
// count what the transport holds: `direct_bytes` a connection, and what the protocol answers by itself, which
// engineio::SessionOptions::max_buffered_bytes and net::StreamLimits bound.
struct OutputOptions {
  size_t direct_bytes = 256 * 1024;
  // Of one connection: limits, watermarks (Namespace::on_watermark) and the policy past them.
  BacklogLimits connection{.max_bytes = 8'000'000};
  // Of all connections together: of one namespace, and of the process. Past it the policy applies to the
  // connection that wants more.
  size_t namespace_bytes = 256'000'000;
  size_t process_bytes = 1'000'000'000;
};

struct ServerOptions {
  engineio::ServerOptions engine;
  // A connection that has joined no namespace by then is closed.
  Milliseconds connect_timeout{45'000};
  // Attachments of one packet.
  uint32_t max_attachments = 10;
  // Clients with npm's socket.io-msgpack-parser are recognised by their first message and served beside the
  // others.
  bool allow_msgpack = true;
  // A binary packet whose attachments have not all come by then closes the connection.
  Milliseconds attachment_timeout{30'000};
  // Namespaces that one connection may be in or on its way into; past it the next is refused with a
  // connect_error.
  size_t max_namespaces_per_client = 32;
  // Rooms that one socket may be in; past it Socket::join() is false.
  size_t max_rooms_per_socket = 10'000;
  // Longest name of a room, bytes; past it joining is refused, see Socket::join().
  size_t max_room_name_bytes = 1'024;
  // Namespaces that clients may have made by connecting to names that match a pattern, all patterns together.
  size_t max_dynamic_namespaces = 10'000;
  // Such a namespace goes away with its last client.
  bool cleanup_empty_child_namespaces = false;
  OutputOptions output;
  // Off unless set.
  std::optional<RecoveryOptions> connection_state_recovery = std::nullopt;
  // Files of npm's socket.io-client for pages to load from beside the endpoint, as Node serves them: the path
  // "/socket.io.js" is answered at "/socket.io/socket.io.js". Empty: none.
  std::vector<http::StaticFile> serve_client = {};
  // How namespaces reach sockets beyond this process; empty: they do not.
  Adapter::Factory adapter = nullptr;
};

}  // namespace patchbay::socketio
