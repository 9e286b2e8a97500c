// The Socket.IO server (protocol revision 5) on an Engine.IO server. Make it, register namespaces and
// handlers, hand it requests; see docs/socketio.md. StandaloneServer does the last for programs that have no
// HTTP server of their own. Thread-safe once the shards run. https://github.com/socketio/socket.io-protocol
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "engineio/server.h"
#include "http/static_site.h"
#include "socketio/adapter.h"
#include "socketio/namespace.h"
#include "socketio/server_options.h"

namespace patchbay::socketio {

class Observer;

class Server {
 public:
  // Whether a client may make the namespace of this name. Any shard, quick; what takes longer belongs in
  // middleware.
  using NamespacePredicate = std::function<bool(std::string_view name, const Handshake& handshake)>;

  Server(net::ShardGroup& shards, ServerOptions options);
  ~Server();

  // --- Before the shards serve requests -------------------------------------------------------------------

  // The namespace of that name ("/" is the main one), made on first use. One that is there may be asked for
  // at any time, from any thread; for a new one once the first request has come std::logic_error is thrown,
  // and likewise by of_pattern() and of_matching(): shards read what is registered without a lock. Names that
  // are not known in advance are what patterns are for.
  Namespace& of(std::string_view name);
  Namespace& sockets() { return of("/"); }
  // A template for namespaces that come into being when a client connects to a name that matches: `*` stands
  // for one or more characters other than '/'. Names made with of() go first, then the patterns in order.
  Namespace& of_pattern(std::string pattern);
  Namespace& of_matching(NamespacePredicate predicate);
  // Hears of every namespace that a client has made. On a shard.
  void on_new_namespace(std::function<void(Namespace&)> handler) { on_new_namespace_ = std::move(handler); }
  // Null for none. Outlives the server, or is taken away again: it may be called until each shard has ended
  // the turn it is in.
  void set_observer(Observer* observer) { observer_.store(observer, std::memory_order_release); }
  Observer* observer() const { return observer_.load(std::memory_order_acquire); }

  // For an HTTP handler: does the request belong here, and if so take it.
  bool owns_path(std::string_view path) const {
    return engine_.owns_path(path) || client_files_.has(client_path(path));
  }
  void handle(const http::ExchangePtr& exchange);

  // The main namespace's, as in Node's `io`.
  template <typename... Values>
  void emit(std::string_view event, Values&&... values) {
    main_->emit(event, std::forward<Values>(values)...);
  }
  Broadcast to(std::string_view room) { return main_->to(room); }
  Broadcast in(std::string_view room) { return main_->to(room); }
  Broadcast except(std::string_view room) { return main_->except(room); }
  Broadcast local() { return main_->local(); }
  Broadcast make_volatile() { return main_->make_volatile(); }
  Broadcast compress(bool on) { return main_->compress(on); }
  Broadcast timeout(Milliseconds timeout) { return main_->timeout(timeout); }
  void fetch_sockets(FetchHandler handler) { main_->fetch_sockets(std::move(handler)); }
  void sockets_join(std::vector<std::string> rooms) { main_->sockets_join(std::move(rooms)); }
  void sockets_leave(std::vector<std::string> rooms) { main_->sockets_leave(std::move(rooms)); }
  void disconnect_sockets(bool close = false) { main_->disconnect_sockets(close); }
  Server& use(Namespace::Middleware middleware) {
    main_->use(std::move(middleware));
    return *this;
  }
  Server& on_connection(Namespace::ConnectionHandler handler) {
    main_->on_connection(std::move(handler));
    return *this;
  }

  // Closes every connection with "server shutting down". Not from a shard.
  void close() { engine_.close(); }
  // Goes down gently, client by client within `spread`; see engineio::Server::drain(). Any thread.
  bool drain(Milliseconds spread, std::function<void()> done) {
    return engine_.drain(spread, std::move(done));
  }
  // The whole gentle end: drain() at a pace that grows with the clients, waited for, then close(); see
  // engineio::Server::close_within(). A client is let go once the acknowledgements that handlers owe it have
  // been given; events that it sends in between are not taken. Not from a shard.
  bool close_within(Milliseconds limit) { return engine_.close_within(limit); }

  engineio::Server& engine() { return engine_; }
  net::ShardGroup& shards() { return shards_; }
  const ServerOptions& options() const { return options_; }
  // Bytes that wait in backlogs, of all clients; see Namespace::waiting_bytes().
  size_t waiting_bytes() const { return output_budget_.used(); }
  // Null when there is no such namespace.
  std::shared_ptr<Namespace> find(std::string_view name) const;
  // All that have sockets or could: patterns left out, their children in.
  std::vector<std::shared_ptr<Namespace>> namespaces() const;
  std::vector<std::shared_ptr<Namespace>> children_of(const Namespace& pattern) const;

 private:
  friend class ClientConnection;
  friend class Namespace;
  friend class Socket;

  // From now on namespaces_ and patterns_ do not change.
  void begin_serving();
  // Throws std::logic_error when it is too late for `what`. Under mutex_.
  void check_not_serving(const std::string& what) const;
  // What `path` asks of ServerOptions::serve_client; empty when it is elsewhere.
  std::string_view client_path(std::string_view path) const;
  void serve_client_file(const http::ExchangePtr& exchange, std::string_view path) const;
  // A client wants in: the namespace, made if need be, or null. Pairs with left().
  std::shared_ptr<Namespace> enter(std::string_view name, const Handshake& handshake);
  // It was refused, or has left.
  void left(Namespace& nsp);

  struct Child {
    std::shared_ptr<Namespace> nsp;
    const Namespace* pattern;
  };

  net::ShardGroup& shards_;
  const ServerOptions options_;
  const http::StaticSite client_files_;
  ByteBudget output_budget_;  // of all namespaces
  std::map<std::string, std::shared_ptr<Namespace>, std::less<>> namespaces_;
  Namespace* main_ = nullptr;
  std::vector<std::shared_ptr<Namespace>> patterns_;
  std::function<void(Namespace&)> on_new_namespace_;
  std::atomic<Observer*> observer_{nullptr};
  std::atomic<bool> serving_{false};
  // Guards children_ and Namespace::members_; taken only for names that no of() knows. Before the server
  // serves also what of() and of_pattern() write.
  mutable std::mutex mutex_;
  std::map<std::string, Child, std::less<>> children_;
  engineio::Server engine_;
};

}  // namespace patchbay::socketio
