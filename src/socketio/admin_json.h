// How the Admin UI is told of sockets and events (@socket.io/admin-ui 0.5, typed-events.d.ts). What people
// log in with is not among it: headers and query parameters that carry credentials show "***". Pure
// functions. Internal to the module.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "engineio/server.h"
#include "socketio/args.h"

namespace patchbay::socketio {

class Socket;

// Whether the value of this header (in lower case) or query parameter is a credential, by its name.
bool is_secret_name(std::string_view name);
// {address, headers, query, issued, secure, time, url, xdomain}
boost::json::object admin_handshake(const engineio::Handshake& handshake, std::string_view path);
// {id, clientId, transport, nsp, data, handshake, rooms}; its own room among the rooms, as in Node.
boost::json::object admin_socket(const Socket& socket, boost::json::object data, std::string_view path);

// Arguments that together take more are not shown; bytes, attachments included.
inline constexpr size_t kMaxShownArgs = 16'384;
// The arguments of event_received and event_sent: nsp, id, [event, args…], date.
Args admin_event(const Socket& socket, std::string_view event, const ArgsView& args, WallTime now);

// What the page wants done: emit, join, leave, _disconnect. The views are of the arguments, or of what holds
// them.
struct AdminCommand {
  std::string nsp;
  std::string subject;  // event of emit, room of join and leave
  std::string room;     // whom it is for; empty: all
  bool close = false;   // _disconnect
  Args args;            // emit
};
// Nothing when the arguments are not those of such a command.
std::optional<AdminCommand> parse_admin_command(std::string_view name, const ArgsView& args);

}  // namespace patchbay::socketio
