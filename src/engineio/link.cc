#include "engineio/link.h"

#include "engineio/drain.h"
#include "engineio/server_shard.h"

namespace patchbay::engineio {

// A second WebSocket that wants to take over from polling.
struct Server::Link::Candidate final : websocket::Connection::Handler, net::Disposable {
  explicit Candidate(Link& link) : owner(link) {}
  void on_message(bool binary, std::string_view payload) override {
    // Binary is no answer to a probe.
    owner.session_.on_candidate_text(binary ? std::string_view() : payload);
  }
  void on_control(std::string_view payload) override {
    owner.session_.on_websocket_control(payload.size(), owner.shard_.now());
  }
  void on_closed(uint16_t, std::string_view) override {
    owner.shard_.destroy_later(std::move(owner.candidate_));
    owner.session_.on_candidate_closed();
  }
  Link& owner;
  websocket::Connection::Ptr connection;
};

Server::Link::Link(Server& server, net::Shard& shard, const SessionId& id,
                   std::shared_ptr<const Handshake> handshake, Dialect dialect)
    : server_(server),
      shard_(shard),
      handshake_(std::move(handshake)),
      session_(id, server.per_shard_[shard.index()]->context, *this, dialect) {}

Server::Link::~Link() {
  if (flush_pending_) shard_.forget(*this);
}

void Server::Link::accept() {
  application_ = server_.accept_(*this);
  if (application_ == nullptr) return session_.close(shard_.now());
  session_.set_application(*application_);
}

void Server::Link::open_with_poll(const http::ExchangePtr& exchange, const HeaderLines& headers) {
  poll_ = exchange;
  initial_headers_ = &headers;
  session_.open(TransportKind::kPolling, shard_.now());
  initial_headers_ = nullptr;
  accept();
}

websocket::Connection::Ptr Server::Link::make_websocket(net::StreamPtr stream,
                                                        const websocket::Upgrade& upgrade,
                                                        std::string leftover,
                                                        websocket::Connection::Handler& handler) {
  PerShard& mine = *server_.per_shard_[shard_.index()];
  const websocket::FrameParser::Options frames{.max_message_bytes = server_.options_.session.max_payload,
                                               .max_fragments = server_.options_.max_fragments,
                                               .deflate = upgrade.deflate ? &mine.deflate : nullptr};
  return websocket::Connection::accept(
      shard_, std::move(stream), upgrade.response, std::move(leftover), frames, handler,
      {.deflate = upgrade.deflate, .message_timeout = server_.options_.message_timeout});
}

void Server::Link::open_with_websocket(net::StreamPtr stream, const websocket::Upgrade& upgrade,
                                       std::string leftover) {
  websocket_ = make_websocket(std::move(stream), upgrade, std::move(leftover), *this);
  session_.open(TransportKind::kWebSocket, shard_.now());
  accept();
}

void Server::Link::add_candidate(net::StreamPtr stream, const websocket::Upgrade& upgrade,
                                 std::string leftover) {
  candidate_ = std::make_unique<Candidate>(*this);
  candidate_->connection = make_websocket(std::move(stream), upgrade, std::move(leftover), *candidate_);
  session_.on_candidate_opened(shard_.now());
}

void Server::Link::on_get(const http::ExchangePtr& exchange) {
  // Before the session may answer: the answer goes to the newest request. Two at once end the session, which
  // answers the one that was held.
  const http::ExchangePtr held = std::exchange(poll_, exchange);
  if (held != nullptr) poll_ = held;
  if (session_.on_poll(shard_.now()) == Session::PollVerdict::kBadRequest) {
    if (poll_ == exchange) poll_ = nullptr;
    server_.refuse(exchange, refusals::kNotPolling);
  }
}

void Server::Link::on_post(const http::ExchangePtr& exchange, BodyKind kind) {
  switch (session_.on_post(exchange->request().body, kind, shard_.now())) {
    case Session::PostVerdict::kOk: {
      http::Response response{.body = "ok"};
      response.set("content-type", "text/html");
      server_.respond(exchange, std::move(response));
      break;
    }
    case Session::PostVerdict::kBadRequest:
      server_.refuse(exchange, refusals::kBody);
      break;
    case Session::PostVerdict::kTooLarge:
      server_.respond(
          exchange, http::error_response(
                        413, to_string(ErrorCode::kPayloadTooLarge),
                        "The polling body has " + std::to_string(exchange->request().body.size()) +
                            " bytes; maxPayload is " + std::to_string(server_.options_.session.max_payload) +
                            ". Send less at a time."));
      break;
    case Session::PostVerdict::kFlood:
      server_.respond(exchange, http::error_response(
                                    429, to_string(ErrorCode::kRateLimitExceeded),
                                    "The session sent more packets or bytes a second than this server takes "
                                    "and has been closed. Connect again and send slower."));
      break;
  }
}

void Server::Link::on_poll_aborted(const http::Exchange& exchange) {
  if (poll_.get() != &exchange) return;
  poll_ = nullptr;
  session_.on_poll_aborted();
}

bool Server::Link::wind_down() {
  return application_ == nullptr || application_->wind_down();
}

size_t Server::Link::buffered_bytes() const {
  return session_.buffered_bytes() + (websocket_ ? websocket_->queued_bytes() : 0);
}

// --- Session::Io ------------------------------------------------------------------------------------------

void Server::Link::answer_poll(std::string body, BodyKind kind, bool compress) {
  const http::ExchangePtr exchange = std::exchange(poll_, nullptr);
  if (exchange == nullptr) return;  // its connection died just now
  http::Response response{.body = std::move(body)};
  response.set("content-type",
               kind == BodyKind::kText ? "text/plain; charset=UTF-8" : "application/octet-stream");
  if (initial_headers_ != nullptr)
    response.headers.insert(response.headers.end(), initial_headers_->begin(), initial_headers_->end());
  server_.respond(exchange, std::move(response), compress);
}

void Server::Link::websocket_control(std::string_view packet) {
  if (websocket_) websocket_->send_text({}, packet);
}
void Server::Link::websocket_text(std::string_view text, bool compress) {
  if (websocket_) websocket_->send_text("4", text, compress);
}
void Server::Link::websocket_binary(std::string_view bytes, bool compress) {
  if (websocket_) websocket_->send_binary(bytes, compress);
}
void Server::Link::websocket_frame(const websocket::SharedFrame& frame) {
  if (websocket_) websocket_->send_shared(frame);
}
void Server::Link::close_websocket(uint16_t code, std::string_view reason) {
  if (websocket_) websocket::Connection::close(std::move(websocket_), code, reason);
}
void Server::Link::candidate_control(std::string_view packet) {
  if (candidate_) candidate_->connection->send_text({}, packet);
}
void Server::Link::close_candidate() {
  if (!candidate_) return;
  websocket::Connection::close(std::move(candidate_->connection), websocket::kCloseNormal, {});
  shard_.destroy_later(std::move(candidate_));
}
void Server::Link::promote_candidate() {
  websocket_ = std::move(candidate_->connection);
  websocket_->set_handler(*this);
  shard_.destroy_later(std::move(candidate_));
}
void Server::Link::set_deadline(SteadyTime when) {
  shard_.timers().schedule(*this, static_cast<uint64_t>(when.time_since_epoch().count()));
}
void Server::Link::request_flush() {
  if (flush_pending_) return;
  flush_pending_ = true;
  shard_.flush_at_end_of_turn(*this);
}
void Server::Link::forget() {
  cancel();
  PerShard& mine = *server_.per_shard_[shard_.index()];
  const auto it = mine.sessions.find(session_.id());
  if (it == mine.sessions.end()) return;
  shard_.destroy_later(std::move(it->second));
  mine.sessions.erase(it);
  mine.session_count.store(mine.sessions.size(), std::memory_order_relaxed);
  if (mine.drain) mine.drain->on_session_gone();
}

// --- WebSocket, timer, end of turn ------------------------------------------------------------------------

void Server::Link::on_message(bool binary, std::string_view payload) {
  binary ? session_.on_websocket_binary(payload, shard_.now())
         : session_.on_websocket_text(payload, shard_.now());
}

void Server::Link::on_closed(uint16_t code, std::string_view) {
  websocket_ = nullptr;
  session_.on_websocket_closed(code);
}

void Server::Link::on_control(std::string_view payload) {
  session_.on_websocket_control(payload.size(), shard_.now());
}

void Server::Link::on_drained() {
  if (application_) application_->on_drain();
}

void Server::Link::on_timer() {
  session_.on_deadline(shard_.now());
}

void Server::Link::on_end_of_turn() {
  flush_pending_ = false;
  session_.flush();
}

}  // namespace patchbay::engineio
