#include "http/connection.h"

#include <ctime>

#include "base/error_code.h"
#include "base/log.h"
#include "http/server_shard.h"

namespace patchbay::http {
namespace {

// RFC 9110 §5.6.7; made once a second on each thread.
std::string_view date_header() {
  thread_local time_t last = 0;
  thread_local char text[40] = "";
  const time_t now = std::time(nullptr);
  if (now != last) {
    last = now;
    tm parts{};
    gmtime_r(&now, &parts);
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  }
  return text;
}

bool may_have_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

}  // namespace

// --- Exchange ---------------------------------------------------------------------------------------------

void Exchange::respond(Response response) {
  if (connection_ == nullptr) return;
  on_abort_ = nullptr;
  std::exchange(connection_, nullptr)->respond(std::move(response));
}

Responder Exchange::responder() {
  class PostingSink final : public Responder::Sink {
   public:
    explicit PostingSink(ExchangePtr exchange) : exchange_(std::move(exchange)) {}
    void respond(Response response) override {
      net::Shard& shard = exchange_->shard();
      if (shard.on_this_thread()) return exchange_->respond(std::move(response));
      shard.post([exchange = std::move(exchange_), response = std::move(response)]() mutable {
        exchange->respond(std::move(response));
      });
    }

   private:
    ExchangePtr exchange_;
  };
  return Responder(std::make_unique<PostingSink>(shared_from_this()));
}

Exchange::Upgrade Exchange::take_stream() {
  on_abort_ = nullptr;
  Connection& connection = *std::exchange(connection_, nullptr);
  Upgrade upgrade;
  upgrade.leftover = connection.consuming_ ? std::string(connection.rest_) : std::move(connection.pending_);
  upgrade.stream = connection.release_stream();
  return upgrade;
}

// --- Connection -------------------------------------------------------------------------------------------

Connection::Connection(Server& server, net::Shard& shard, net::StreamPtr stream)
    : server_(server), shard_(shard), stream_(std::move(stream)), parser_(server.options_.limits) {}

Connection::~Connection() = default;

void Connection::start() {
  shard_.schedule(*this, server_.options_.request_timeout);
  stream_->attach(shard_, *this);
}

void Connection::turn_away() {
  stream_->attach(shard_, *this);
  refuse(503, to_string(ErrorCode::kServiceUnavailable), "Too many connections. Try again in a moment.");
}

void Connection::close() {
  if (!stream_) return;
  // An answer that was given still goes out.
  net::Stream::close_gracefully(std::move(stream_));
  finish();
}

net::StreamPtr Connection::release_stream() {
  stream_->detach();
  auto stream = std::move(stream_);
  finish();
  return stream;
}

// The stream is gone: tell who waits, leave the list; memory goes at the end of the turn.
void Connection::finish() {
  cancel();
  if (const ExchangePtr exchange = std::move(exchange_); exchange && exchange->connection_ != nullptr) {
    exchange->connection_ = nullptr;
    if (const auto on_abort = std::move(exchange->on_abort_)) on_abort();
  }
  server_.per_shard_[shard_.index()]->remove(*this);
}

void Connection::on_closed(net::CloseCause) {
  stream_.reset();
  finish();
}

void Connection::on_timer() {
  if (in_request_) {
    server_.counters_.timeouts.fetch_add(1, std::memory_order_relaxed);
    refuse(408, to_string(ErrorCode::kRequestTimeout),
           "The request did not arrive whole in time. Send it faster or in smaller parts.");
    return;
  }
  net::Stream::close_gracefully(std::move(stream_));
  finish();
}

void Connection::on_data(std::span<char> bytes) {
  const std::string_view view(bytes.data(), bytes.size());
  if (exchange_) {
    pending_ += view;
    if (pending_.size() > server_.options_.max_pipelined_bytes) stream_->pause_reading();
    return;
  }
  consume(view);
}

void Connection::consume(std::string_view bytes) {
  consuming_ = true;
  rest_ = bytes;
  while (stream_ && !exchange_ && !rest_.empty()) {
    if (!in_request_) {
      in_request_ = true;
      shard_.schedule(*this, server_.options_.request_timeout);
    }
    const bool had_headers = parser_.headers_complete();
    rest_.remove_prefix(parser_.feed(rest_));
    if (parser_.state() == RequestParser::State::kError) {
      server_.counters_.bad_requests.fetch_add(1, std::memory_order_relaxed);
      const auto& error = parser_.error();
      refuse(error.status, error.code, error.message);
      break;
    }
    if (parser_.state() == RequestParser::State::kComplete) {
      dispatch();
    } else if (!had_headers && parser_.headers_complete() && parser_.expects_continue()) {
      stream_->write_static("HTTP/1.1 100 Continue\r\n\r\n");
    }
  }
  consuming_ = false;
  if (exchange_) pending_.assign(rest_);
  rest_ = {};
}

void Connection::dispatch() {
  cancel();
  in_request_ = false;
  keep_alive_ = parser_.keep_alive();
  Request request = parser_.take_request();
  parser_.reset();
  request.remote_address = stream_->remote_address();
  request.secure = stream_->secure();
  head_ = request.method == Method::kHead;
  server_.counters_.requests.fetch_add(1, std::memory_order_relaxed);
  exchange_ = std::make_shared<Exchange>(shard_, *this, std::move(request));
  const ExchangePtr exchange = exchange_;
  server_.handler_.handle(exchange);
}

// NOLINTNEXTLINE(performance-unnecessary-value-param): who answers gives the answer away.
void Connection::respond(Response response) {
  exchange_.reset();
  const bool keep_alive = keep_alive_ && !response.close;
  write_response(response, head_, keep_alive);
  if (!keep_alive) {
    net::Stream::close_gracefully(std::move(stream_));
    return finish();
  }
  shard_.schedule(*this, server_.options_.idle_timeout);
  stream_->resume_reading();
  if (!consuming_ && !pending_.empty()) continue_with_pending();
}

void Connection::continue_with_pending() {
  const std::string bytes = std::move(pending_);
  pending_.clear();
  consume(bytes);
}

void Connection::write_response(const Response& response, bool head, bool keep_alive) {
  const std::string_view body =
      response.static_body.empty() ? std::string_view(response.body) : response.static_body;
  std::string text;
  text.reserve(256 + (response.static_body.empty() && !head ? body.size() : 0));
  text += "HTTP/1.1 ";
  text += std::to_string(response.status);
  text += ' ';
  text += reason_phrase(response.status);
  text += "\r\nDate: ";
  text += date_header();
  for (const auto& [name, value] : response.headers) {
    // A line break would begin a header, or an answer, of somebody else's making.
    if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) continue;
    text += "\r\n";
    text += name;
    text += ": ";
    text += value;
  }
  if (may_have_body(response.status)) {
    text += "\r\nContent-Length: ";
    text += std::to_string(body.size());
  }
  text += keep_alive ? "\r\nConnection: keep-alive\r\n\r\n" : "\r\nConnection: close\r\n\r\n";
  const bool with_body = !head && may_have_body(response.status);
  if (with_body && response.static_body.empty()) text += body;
  stream_->write(net::make_buffer(std::move(text)));
  if (with_body && !response.static_body.empty()) stream_->write_static(body);
}

// An answer to what could not be understood; the connection's framing is lost, so it ends.
void Connection::refuse(int status, std::string_view code, std::string_view message) {
  write_response(error_response(status, code, message), false, false);
  net::Stream::close_gracefully(std::move(stream_));
  finish();
}

}  // namespace patchbay::http
