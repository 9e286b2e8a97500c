// A client's HTTP/1.1 connection to one server: a request at a time, kept alive between them, opened when it
// is needed, through a proxy where net::ConnectOptions name one. No redirects, no cookies. Shard-local.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "http/client_message.h"
#include "http/response_parser.h"
#include "http/url.h"
#include "net/connector.h"

namespace patchbay::http {

// What every request to a server has in common.
struct ClientConnectionOptions {
  net::ConnectOptions connect;  // where, and how long that may take
  std::string host;             // for the Host header: Url::authority()
  ResponseParser::Limits limits;
  // An unused connection is closed after this: before servers do, whose closing could cross our next request
  // (Node waits 5 s).
  Milliseconds idle_timeout{4'000};
};

// For `url`; `tls` is used when it is https or wss.
ClientConnectionOptions connection_options(const Url& url, std::shared_ptr<const net::TlsContext> tls);

class ClientConnection final : private net::Stream::Handler, private net::TimerNode {
 public:
  // Errors: those of net::Connector; kRequestTimeout; kServiceUnavailable when the connection ended early;
  // kBadRequest when the answer is not HTTP or breaks a limit.
  using Done = std::move_only_function<void(Result<ClientResponse>)>;

  // `shard`, the current one, and `resolver` must outlive it. May be destroyed at any time, also from inside
  // `done`; `done` is then not called any more.
  ClientConnection(net::Shard& shard, net::Resolver& resolver, ClientConnectionOptions options);
  ~ClientConnection() override;

  // Not while busy(). `timeout` covers everything up to the last byte of the answer. `done` is called in a
  // later turn. A GET or HEAD whose kept connection turns out to be dead is sent once more on a new one;
  // others never are, because the server may have seen them.
  void send(const ClientRequest& request, Milliseconds timeout, Done done);
  bool busy() const { return static_cast<bool>(done_); }
  // When bytes last came, milliseconds of the shard's clock; 0: never. Any byte is a sign of life.
  uint64_t last_data_ms() const { return last_data_ms_; }

 private:
  void connect();
  void write_request();
  void on_data(std::span<char> bytes) override;
  void on_closed(net::CloseCause cause) override;
  void on_timer() override;
  void finish(Result<ClientResponse> result);

  net::Shard& shard_;
  net::Resolver& resolver_;
  const ClientConnectionOptions options_;
  net::Connector::Ptr connector_;
  net::StreamPtr stream_;
  std::optional<ResponseParser> parser_;
  Done done_;
  std::string bytes_;  // of the request
  Executor::Timer failure_;
  Milliseconds timeout_{};
  uint64_t last_data_ms_ = 0;
  bool head_ = false;
  bool may_repeat_ = false;
};

}  // namespace patchbay::http
