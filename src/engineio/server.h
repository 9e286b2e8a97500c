// The Engine.IO server: turns HTTP requests into sessions. Sessions live on the shard that their id names; a
// request that reached another shard is answered through its mailbox, a WebSocket moves there. Every shard
// serves every session: no sticky routing. Thread-safe; everything called back is shard-local.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engineio/header_list.h"
#include "engineio/refusal.h"
#include "engineio/session.h"
#include "http/origin_policy.h"
#include "http/server.h"
#include "websocket/deflate.h"

namespace patchbay::engineio {

// The request that opened a session, for those above. Immutable.
struct Handshake {
  // In order, names in lower case. Of a WebSocket's request without those that only opened it: connection,
  // upgrade, sec-websocket-key, -version and -extensions.
  HeaderList headers;
  std::string query;  // raw, without '?'
  std::string address;
  bool secure = false;
  bool websocket = false;
  WallTime time;

  std::optional<std::string_view> header(std::string_view lower_case_name) const;
  std::optional<std::string> query_parameter(std::string_view name) const;
};

// A session as the application holds it: valid until Application::on_close.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual Session& session() = 0;
  virtual net::Shard& shard() = 0;
  virtual const std::shared_ptr<const Handshake>& handshake() const = 0;
  // The Engine.IO revision of the client, 3 or 4: clients of Socket.IO 2 speak 3, later ones 4.
  virtual int protocol() const = 0;
  // Everything that waits to leave, in the session and in the socket. Bytes.
  virtual size_t buffered_bytes() const = 0;
};

// Compression of polling answers, as the client's Accept-Encoding says: gzip or deflate.
struct HttpCompressionOptions {
  bool enabled = true;
  // Bodies shorter than this go out as they are. Bytes.
  size_t threshold = 1024;
  // zlib's, 1 (fast) to 9 (small).
  int level = 3;
  // Bytes of bodies that one turn of a shard compresses; past it they go out as they are.
  size_t max_bytes_per_turn = 1024 * 1024;
};

struct ServerOptions {
  SessionOptions session;
  // Where the server lives; a request belongs to it if its path is this, with or without the last slash.
  // Empty: "/engine.io/", and "/socket.io/" under a Socket.IO server.
  std::string path;
  bool allow_polling = true;
  bool allow_websocket = true;
  // Takes clients that speak revision 3 (EIO=3, Socket.IO 2) beside those of revision 4. JSONP is never
  // served.
  bool allow_eio3 = false;
  http::OriginPolicy origins;
  size_t max_fragments = 1024;
  // Time that a WebSocket message may take from its first byte to its last; past it close code 1008.
  Milliseconds message_timeout{60'000};
  // Compression of WebSocket messages, off by default: it costs CPU, see docs/protocol/websocket.md.
  websocket::DeflateOptions per_message_deflate;
  HttpCompressionOptions http_compression;
  // Sessions on one shard; past it new ones are answered 503.
  size_t max_sessions_per_shard = 200'000;
};

class Server {
 public:
  // Called on the new session's shard. Returns what is to receive its messages; null closes the session at
  // once.
  using Accept = std::function<std::unique_ptr<Session::Application>(Connection&)>;

  // Written by the shards, read by anyone.
  struct Counters {
    std::atomic<uint64_t> opened_polling{0};
    std::atomic<uint64_t> opened_websocket{0};
    std::atomic<uint64_t> upgraded{0};
    std::atomic<uint64_t> closed{0};
    std::atomic<uint64_t> refused{0};
    std::atomic<uint64_t> messages_in{0};
    std::atomic<uint64_t> bytes_in{0};
  };

  // At most SessionId::kMaxShards shards.
  Server(net::ShardGroup& shards, ServerOptions options, Accept accept);
  ~Server();

  bool owns_path(std::string_view path) const;
  // A request for this server, on its connection's shard.
  void handle(const http::ExchangePtr& exchange);
  // Closes every session; new ones are refused with 503. Not from a shard.
  void close();

  size_t session_count() const;
  const Counters& counters(size_t shard) const;
  const ServerOptions& options() const { return options_; }

 private:
  class Link;
  struct PerShard;

  // `protocol` is the revision that the request names, 3 or 4; a session of the other one refuses it.
  void handle_get(const http::ExchangePtr& exchange, const SessionId& id, int protocol);
  void handle_post(const http::ExchangePtr& exchange, const SessionId& id, int protocol);
  void handle_upgrade(const http::ExchangePtr& exchange, const SessionId& id, int protocol);
  void open_polling(const http::ExchangePtr& exchange, Dialect dialect);
  void open_websocket(const http::ExchangePtr& exchange, Dialect dialect);
  // Null, after an answer that refuses, unless there is such a session and it speaks `protocol`.
  Link* find_for(const http::ExchangePtr& exchange, const SessionId& id, int protocol);
  // `compress`: the body may be compressed, on the shard of the exchange.
  void respond(const http::ExchangePtr& exchange, http::Response response, bool compress = false) const;
  void compress_body(const http::Exchange& exchange, net::Shard& shard, http::Response& response) const;
  void refuse(const http::ExchangePtr& exchange, const Refusal& refusal) const;
  void refuse_busy(const http::ExchangePtr& exchange, std::string_view message) const;
  PerShard& shard_of(const SessionId& id) const;

  net::ShardGroup& shards_;
  const ServerOptions options_;
  const Accept accept_;
  std::atomic<bool> closing_{false};
  std::vector<std::unique_ptr<PerShard>> per_shard_;
};

}  // namespace patchbay::engineio
