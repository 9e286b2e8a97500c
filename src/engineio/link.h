// A session and what carries it: the held polling request, the WebSocket, the candidate of an upgrade, one
// timer. Shard-local. Internal to the module.
#pragma once

#include <memory>
#include <string>

#include "engineio/server.h"
#include "websocket/connection.h"
#include "websocket/handshake.h"

namespace patchbay::engineio {

class Server::Link final : public Connection,
                           public net::Disposable,
                           private Session::Io,
                           private websocket::Connection::Handler,
                           private net::TimerNode,
                           private net::Flushable {
 public:
  Link(Server& server, net::Shard& shard, const SessionId& id, std::shared_ptr<const Handshake> handshake,
       Dialect dialect);
  ~Link() override;

  // --- From the server ---
  // `headers` go out with the answer.
  void open_with_poll(const http::ExchangePtr& exchange, const HeaderLines& headers);
  void open_with_websocket(net::StreamPtr stream, const websocket::Upgrade& upgrade, std::string leftover);
  void on_get(const http::ExchangePtr& exchange);
  void on_post(const http::ExchangePtr& exchange, BodyKind kind);
  void on_poll_aborted(const http::Exchange& exchange);
  // See Session::Application.
  bool wind_down();
  void add_candidate(net::StreamPtr stream, const websocket::Upgrade& upgrade, std::string leftover);

  // --- Connection ---
  Session& session() override { return session_; }
  net::Shard& shard() override { return shard_; }
  const std::shared_ptr<const Handshake>& handshake() const override { return handshake_; }
  int protocol() const override { return session_.protocol(); }
  size_t buffered_bytes() const override;

 private:
  struct Candidate;

  void accept();
  websocket::Connection::Ptr make_websocket(net::StreamPtr stream, const websocket::Upgrade& upgrade,
                                            std::string leftover, websocket::Connection::Handler& handler);

  // --- Session::Io ---
  void answer_poll(std::string body, BodyKind kind, bool compress) override;
  void websocket_control(std::string_view packet) override;
  void websocket_text(std::string_view text, bool compress) override;
  void websocket_binary(std::string_view bytes, bool compress) override;
  void websocket_frame(const websocket::SharedFrame& frame) override;
  void close_websocket(uint16_t code, std::string_view reason) override;
  void candidate_control(std::string_view packet) override;
  void close_candidate() override;
  void promote_candidate() override;
  void set_deadline(SteadyTime when) override;
  void request_flush() override;
  void forget() override;

  // --- websocket::Connection::Handler, for the session's own WebSocket ---
  void on_message(bool binary, std::string_view payload) override;
  void on_closed(uint16_t code, std::string_view reason) override;
  void on_control(std::string_view payload) override;
  void on_drained() override;

  void on_timer() override;
  void on_end_of_turn() override;

  Server& server_;
  net::Shard& shard_;
  std::shared_ptr<const Handshake> handshake_;
  Session session_;
  std::unique_ptr<Session::Application> application_;
  http::ExchangePtr poll_;
  const HeaderLines* initial_headers_ = nullptr;  // while the first poll is answered
  websocket::Connection::Ptr websocket_;
  std::unique_ptr<Candidate> candidate_;
  bool flush_pending_ = false;
};

}  // namespace patchbay::engineio
