// Lets the Socket.IO Admin UI (npm's @socket.io/admin-ui 0.5, or the page at https://admin.socket.io) attach
// to a server, as instrument() does in Node. Nothing is there until an AdminUi is made:
//   AdminUi admin(io, {.verify = check_password("me", is_my_password)});
// It serves the protocol that the page speaks, in a namespace; the page itself comes from elsewhere, and its
// origin must be one that the server allows (engineio::ServerOptions::origins). In kProduction the page sees
// counts; nothing happens for each event, and no observer is set. In kDevelopment it also sees every socket,
// room and event, as far as a budget allows. The object belongs to the thread that made it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace boost::json {
class object;
}

namespace patchbay::socketio {

class Server;
class Socket;

struct AdminCredentials {
  std::string username;  // each at most kMaxAdminCredentialBytes
  std::string password;
};
inline constexpr size_t kMaxAdminCredentialBytes = 1'024;

// Says whether the credentials are right. Call it once, from any thread, now or later, but not beyond the
// shards; dropped uncalled it means no.
using AdminReply = std::move_only_function<void(bool)>;
// Runs on a shard and must not block: a password hash that takes long belongs on a worker.
using AdminVerifier = std::function<void(const AdminCredentials& credentials, AdminReply reply)>;
// One account whose password is quick to check. `is_password` runs on a shard, whatever the name was, so that
// its time does not tell whether the name is right.
AdminVerifier check_password(std::string username,
                             std::function<bool(std::string_view password)> is_password);

enum class AdminMode {
  // Counts: clients, sockets a namespace, packets and bytes by second.
  kProduction,
  // Everything, for a developer: sockets with their handshakes, rooms, the arguments of events.
  kDevelopment,
};

struct AdminOptions {
  std::string namespace_name = "/admin";
  // Who may look. Needed unless `no_login` is set.
  AdminVerifier verify = nullptr;
  // Everybody who can connect may look, and command.
  bool no_login = false;
  // The page may look, and not emit, join, leave or disconnect.
  bool read_only = false;
  AdminMode mode = AdminMode::kProduction;
  // Names this process among those that the page shows; must be unique. Empty: host name and a random part.
  std::string server_id;
  // Between two messages with counts; 50 ms to a minute.
  Milliseconds stats_interval{2'000};
  // Logins remembered, so that a page that reconnects need not ask again; past it the oldest ends.
  size_t max_sessions = 1'000;
  Milliseconds session_lifetime{86'400'000};

  // --- kDevelopment only ---
  // Events that the page is told of in a second, and as many connections and room changes; split evenly over
  // the shards. What goes beyond is counted as `droppedEvents` of server_stats, and the list of sockets is
  // sent anew where it has become wrong.
  size_t max_events_per_second = 500;
  // Sockets of a whole list; those that connect later are shown beyond it.
  size_t max_listed_sockets = 2'000;
  // What the page shows as a socket's data; on the socket's shard. Without it nothing.
  std::function<boost::json::object(const Socket&)> describe = nullptr;
};

class AdminUi {
 public:
  // Before the server starts, and after namespaces that have the same name. In kDevelopment it is the
  // server's observer. Throws std::invalid_argument for options that make no sense.
  AdminUi(Server& server, AdminOptions options);
  // Before the server goes; not on a shard. From then on nobody is let in.
  ~AdminUi();
  AdminUi(const AdminUi&) = delete;
  AdminUi& operator=(const AdminUi&) = delete;

  // The page is to see that what `describe` says has changed. On the socket's shard.
  void data_changed(Socket& socket);
  const std::string& server_id() const;

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace patchbay::socketio
