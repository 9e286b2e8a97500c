// What the Admin UI's development mode shows beyond counts: every socket, room and event of this process. It
// goes from the shard where it happens, as far as the budget allows, to the first shard, and from there to
// the pages; a page's list of sockets is put together there too, so that what happens meanwhile is told
// behind it. Nothing is made into JSON while no page is open. Observer calls: on the socket's shard; the rest
// as said. Internal to the module.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/counters.h"
#include "socketio/admin.h"
#include "socketio/namespace.h"
#include "socketio/observer.h"

namespace patchbay::socketio {

// What the parts of an AdminUi have in common. Immutable but for `open`.
struct AdminContext {
  AdminContext(Server& owner, AdminOptions chosen);

  Server& server;
  Namespace& nsp;
  net::Shard& hub;  // the first one: what is said to pages, and logins
  const AdminOptions options;
  // False once the AdminUi goes: from the end of each shard's turn on nothing here touches the server.
  std::atomic<bool> open{true};

  // A page is open, here or (as far as we know) at another process.
  bool is_watched() const;
};

class AdminFeed final : public Observer, public std::enable_shared_from_this<AdminFeed> {
 public:
  explicit AdminFeed(std::shared_ptr<AdminContext> context);

  // --- Any shard ---
  // Sends all_sockets to the page.
  void list_for(SocketRef page);
  void data_changed(Socket& socket);
  // What the budget did not allow.
  uint64_t dropped() const;

  // --- On the hub ---
  // Sends all_sockets to all pages if changes were dropped since the last time.
  void repair();
  // The end: lets go of all sockets.
  void shut();

  // --- Observer ---
  void on_connected(Socket& socket) override;
  void on_disconnected(Socket& socket, DisconnectReason reason) override;
  void on_joined(Socket& socket, std::string_view room) override;
  void on_left(Socket& socket, std::string_view room) override;
  void on_upgraded(Socket& socket) override;
  void on_event_received(Socket& socket, std::string_view event, const ArgsView& args) override;
  void on_event_sent(Socket& socket, std::string_view event, const ArgsView& args) override;

 private:
  struct alignas(64) PerShard {
    int64_t second = 0;  // that the two belong to
    size_t events = 0;
    size_t changes = 0;
    Counter dropped;
    std::atomic<bool> missed_change{false};
  };
  struct Message {
    std::string_view name;  // a literal
    Args args;
  };
  // A list of sockets that is being put together.
  struct Listing {
    std::vector<SocketRef> pages;
    bool for_all = false;
    std::vector<bool> has_come;  // by shard
    size_t missing = 0;
    std::string sockets;        // JSON, comma-separated
    std::deque<Message> later;  // happened on shards that have come already
  };
  enum class Kind { kEvent, kChange };

  // Nobody looks, or the budget is used up.
  bool is_silent(Kind kind);
  void tell(std::string_view name, Args args);
  void tell_room(std::string_view name, const Socket& socket, std::string_view room);
  void tell_event(std::string_view name, const Socket& socket, std::string_view event, const ArgsView& args);
  boost::json::object describe(const Socket& socket) const;
  boost::json::object socket_json(const Socket& socket) const;

  // --- On the hub ---
  void pass_on(size_t from, Message message);
  void emit(const Message& message);
  void start_listing(std::vector<SocketRef> pages, bool for_all);
  void add_to_listing(size_t shard, std::string_view sockets);
  void finish_listing();

  const std::shared_ptr<AdminContext> context_;
  const size_t budget_;  // of one shard
  std::vector<std::unique_ptr<PerShard>> per_shard_;
  // Of the hub:
  std::optional<Listing> listing_;
  std::vector<SocketRef> waiting_;  // for the next listing
};

}  // namespace patchbay::socketio
