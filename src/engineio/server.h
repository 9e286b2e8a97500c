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

#include "engineio/address_limiter.h"
#include "engineio/handshake_options.h"
#include "engineio/header_list.h"
#include "engineio/metrics.h"
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
  std::string query;    // raw, without '?'
  std::string address;  // of the client; see trusted_proxies
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
  // Frames that one WebSocket message may come in; past it close code 1008.
  size_t max_fragments = 1024;
  // Time that a WebSocket message may take from its first byte to its last; past it close code 1008.
  Milliseconds message_timeout{60'000};
  // Compression of WebSocket messages, off by default: it costs CPU, see docs/protocol/websocket.md.
  websocket::DeflateOptions per_message_deflate;
  HttpCompressionOptions http_compression;
  // Sessions on one shard; past it new ones are answered 503.
  size_t max_sessions_per_shard = 200'000;
  AdmissionOptions admission;
  // Whose X-Forwarded-For is believed.
  http::TrustedProxies trusted_proxies;
  // None: no cookie.
  std::optional<CookieOptions> cookie;

  // The callbacks below run on the shard of the connection, must not block, and are called from several
  // shards at once. None of them is needed.

  // Decides on each new session, now or later. It is asked after the limits of `admission`.
  AllowRequest allow_request;
  // Past it the client is answered 503.
  Milliseconds allow_request_timeout{10'000};
  // Requests of one shard that may wait for a decision; past it new ones are answered 503.
  size_t max_undecided_per_shard = 10'000;
  // For the answer that opens a session, and for every answer, upgrades included.
  HeaderHook initial_headers;
  HeaderHook headers;
  // Told of every request that is refused, with the code and what the client was told.
  std::function<void(const ConnectionError&)> on_connection_error;
};

class Server {
 public:
  // Called on the new session's shard. Returns what is to receive its messages; null closes the session at
  // once.
  using Accept = std::function<std::unique_ptr<Session::Application>(Connection&)>;

  // At most SessionId::kMaxShards shards. Throws std::invalid_argument for more, and for options that make no
  // sense.
  Server(net::ShardGroup& shards, ServerOptions options, Accept accept);
  ~Server();

  bool owns_path(std::string_view path) const;
  // A request for this server, on its connection's shard.
  void handle(const http::ExchangePtr& exchange);
  // Closes every session at once; new ones are refused with 503. Not from a shard.
  void close();
  // Goes down gently: new sessions get 503 with Retry-After from now on, while those that are there go on
  // until each is closed at a random moment of the next `spread`; what was queued for them is delivered
  // first, and answers that the application owes (Session::Application::wind_down) are waited for, two
  // seconds at most. `done` is called on a shard when the last one has ended and its bytes have left, which
  // polling clients that do not come back can put off by Session::kShutdownPatience, and WebSockets that do
  // not read by the stream's write_stall. Once, from any thread, while the shards run; a second call is false
  // and does nothing. close() may cut it short.
  bool drain(Milliseconds spread, std::function<void()> done);
  // drain() at kClosingsPerSecond, faster where that would take more than half of `limit`; waits until it is
  // done or `limit` is over, then close(). True when everybody was let go gently. Not from a shard.
  bool close_within(Milliseconds limit);
  static constexpr size_t kClosingsPerSecond = 2'000;

  size_t session_count() const;
  // The sums over all shards. Any thread.
  Metrics metrics() const;
  const ShardMetrics& metrics(size_t shard) const;
  const ServerOptions& options() const { return options_; }

 private:
  class Drain;
  class Link;
  class Undecided;
  struct Opening;
  struct PerShard;

  // `protocol` is the revision that the request names, 3 or 4; a session of the other one refuses it.
  void handle_get(const http::ExchangePtr& exchange, const SessionId& id, int protocol);
  void handle_post(const http::ExchangePtr& exchange, const SessionId& id, int protocol);
  void handle_upgrade(const http::ExchangePtr& exchange, const SessionId& id, int protocol);
  // A new session, step by step; each may refuse it. On the connection's shard, but for admit_address().
  void admit(Opening opening);
  void admit_address(Opening opening, const AddressKey& key);
  void admit_rate(Opening opening);
  void ask(Opening opening);
  void open(const Opening& opening);
  void open_polling(const Opening& opening);
  void open_websocket(const Opening& opening);
  HeaderLines initial_headers_for(const http::Request& request, const SessionId& id) const;
  // Null, after an answer that refuses, unless there is such a session and it speaks `protocol`.
  Link* find_for(const http::ExchangePtr& exchange, const SessionId& id, int protocol);
  // `compress`: the body may be compressed, on the shard of the exchange.
  void respond(const http::ExchangePtr& exchange, http::Response response, bool compress = false) const;
  void compress_body(const http::Exchange& exchange, net::Shard& shard, http::Response& response) const;
  void refuse(const http::ExchangePtr& exchange, const Refusal& refusal, std::string_view message = {}) const;
  // Turns away for now; `wait` is what Retry-After says at least.
  void refuse_busy(const http::ExchangePtr& exchange, BusyReason reason,
                   Milliseconds wait = Milliseconds(0)) const;
  // The headers of ServerOptions::headers, and `more`, in the 101 answer.
  std::string finish_upgrade_response(const http::Request& request, std::string response,
                                      HeaderLines more) const;
  ShardMetrics& metrics_here() const;
  PerShard& shard_of(const SessionId& id) const;

  net::ShardGroup& shards_;
  const ServerOptions options_;
  const Accept accept_;
  const RateLimit admission_rate_;  // of one shard
  std::atomic<bool> closing_{false};
  std::atomic<bool> draining_{false};
  std::vector<std::unique_ptr<PerShard>> per_shard_;
};

}  // namespace patchbay::engineio
