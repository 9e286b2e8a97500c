#include "engineio/client.h"

#include <algorithm>

namespace patchbay::engineio {
namespace {

// What a refused request says; Engine.IO errors carry {"code","message"}.
Error refusal(const http::ClientResponse& response) {
  const bool forbidden = response.status == 401 || response.status == 403;
  return {
      forbidden ? ErrorCode::kAuthentication : ErrorCode::kServiceUnavailable, http::describe(response), {}};
}

}  // namespace

void Client::Deleter::operator()(Client* client) const {
  client->start_.cancel();
  client->abandoned_ = true;
  net::Shard& shard = client->shard_;
  std::unique_ptr<net::Disposable> owned(client);
  client->session_.abandon(shard.now());
  if (client->session_.is_over()) {
    shard.destroy_later(std::move(owned));
  } else {
    shard.adopt(std::move(owned));
  }
}

Client::Client(net::Shard& shard, ClientOptions options, Application& application)
    : shard_(shard),
      options_(std::move(options)),
      application_(application),
      session_(options_.session, *this, application) {}

Client::~Client() {
  shard_.forget(*this);
}

Client::Ptr Client::open(net::Shard& shard, ClientOptions options, Application& application) {
  Ptr client(new Client(shard, std::move(options), application));
  client->start_ = shard.run_after(Milliseconds(0), [&it = *client] { it.start(); });
  return client;
}

void Client::start() {
  if (options_.url.secure && !options_.tls) {
    auto tls = net::TlsContext::client({});
    if (!tls) return application_.on_close(CloseReason::kTransportError, tls.error());
    options_.tls = std::move(*tls);
  }
  if (!options_.resolver) options_.resolver = std::make_shared<net::Resolver>();
  session_.open(shard_.now());
}

size_t Client::buffered_bytes() const {
  return session_.buffered_bytes() + (websocket_ ? websocket_->queued_bytes() : 0);
}

std::string Client::target(TransportKind transport) const {
  std::string text = options_.path.empty() ? "/engine.io/" : options_.path;
  text += "?EIO=4&transport=";
  text += transport == TransportKind::kPolling ? "polling" : "websocket";
  if (!session_.handshake().sid.empty()) text += "&sid=" + http::percent_encode(session_.handshake().sid);
  if (!options_.url.query.empty()) text += "&" + options_.url.query;
  for (const auto& [name, value] : options_.query)
    text += "&" + http::percent_encode(name) + "=" + http::percent_encode(value);
  return text;
}

http::ClientConnectionOptions Client::http_options() const {
  auto http = http::connection_options(options_.url, options_.tls);
  http.connect.timeout = options_.session.open_timeout;
  http.connect.stream = options_.stream;
  http.limits.max_body_bytes = options_.session.max_message_bytes;
  return http;
}

// --- ClientSession::Io ------------------------------------------------------------------------------------

void Client::poll() {
  if (!poll_) poll_.emplace(shard_, *options_.resolver, http_options());
  const ServerHandshake& handshake = session_.handshake();
  const Milliseconds timeout = handshake.sid.empty() ? options_.request_timeout
                                                     : 2 * (handshake.ping_interval + handshake.ping_timeout);
  poll_->send({.target = target(TransportKind::kPolling), .headers = options_.headers}, timeout,
              [this](Result<http::ClientResponse> answer) {
                if (!answer) return session_.on_poll_failed(answer.error(), shard_.now());
                if (answer->status != 200) return session_.on_poll_failed(refusal(*answer), shard_.now());
                session_.on_poll_answer(answer->status, answer->body, shard_.now());
              });
}

void Client::post(std::string body) {
  if (!post_) post_.emplace(shard_, *options_.resolver, http_options());
  http::Headers headers = options_.headers;
  headers.emplace_back("Content-Type", "text/plain;charset=UTF-8");
  post_->send({.method = http::Method::kPost,
               .target = target(TransportKind::kPolling),
               .headers = std::move(headers),
               .body = std::move(body)},
              options_.request_timeout, [this](Result<http::ClientResponse> answer) {
                if (!answer) return session_.on_post_failed(answer.error(), shard_.now());
                if (answer->status != 200) return session_.on_post_failed(refusal(*answer), shard_.now());
                session_.on_post_done(shard_.now());
              });
}

void Client::open_websocket() {
  websocket::ClientConnectionOptions options;
  options.http = http_options();
  options.target = target(TransportKind::kWebSocket);
  options.headers = options_.headers;
  options.open_timeout = options_.session.open_timeout;
  options.frames.max_message_bytes = options_.session.max_message_bytes;
  websocket_ = websocket::ClientConnection::open(shard_, *options_.resolver, std::move(options), *this);
}

void Client::websocket_text(std::string_view prefix, std::string_view text) {
  if (websocket_) websocket_->send_text(prefix, text);
}

void Client::websocket_binary(std::string_view bytes) {
  if (websocket_) websocket_->send_binary(bytes);
}

void Client::close_websocket(uint16_t code, std::string_view reason) {
  if (websocket_) websocket::ClientConnection::close(std::move(websocket_), code, reason);
}

void Client::drop_websocket() {
  websocket_.reset();
}

void Client::set_deadline(SteadyTime when) {
  shard_.schedule(*this, std::max(when - shard_.now(), Milliseconds(0)));
}

void Client::request_flush() {
  if (flush_pending_) return;
  flush_pending_ = true;
  shard_.flush_at_end_of_turn(*this);
}

void Client::forget() {
  cancel();
  poll_.reset();
  post_.reset();
  if (abandoned_) shard_.release(*this);
}

// --- Arrivals ---------------------------------------------------------------------------------------------

void Client::on_open() {
  session_.on_websocket_open(shard_.now());
}

void Client::on_refused(const Error& error) {
  websocket_.reset();
  session_.on_websocket_refused(error, shard_.now());
}

void Client::on_message(bool binary, std::string_view payload) {
  session_.on_websocket_message(binary, payload, shard_.now());
}

void Client::on_closed(uint16_t code, std::string_view reason) {
  websocket_.reset();
  session_.on_websocket_closed(code, reason, shard_.now());
}

void Client::on_timer() {
  uint64_t last = websocket_ ? websocket_->last_data_ms() : 0;
  if (poll_) last = std::max(last, poll_->last_data_ms());
  if (last != 0) session_.on_traffic(SteadyTime(Milliseconds(static_cast<int64_t>(last))));
  session_.on_deadline(shard_.now());
}

void Client::on_end_of_turn() {
  flush_pending_ = false;
  session_.flush();
}

}  // namespace patchbay::engineio
