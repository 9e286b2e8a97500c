#include "http/client_connection.h"

#include <utility>

namespace patchbay::http {

ClientConnectionOptions connection_options(const Url& url, std::shared_ptr<const net::TlsContext> tls) {
  ClientConnectionOptions options;
  options.connect.host = url.host;
  options.connect.port = url.port;
  if (url.secure) options.connect.tls = std::move(tls);
  options.host = url.authority();
  return options;
}

ClientConnection::ClientConnection(net::Shard& shard, net::Resolver& resolver,
                                   ClientConnectionOptions options)
    : shard_(shard), resolver_(resolver), options_(std::move(options)) {}

ClientConnection::~ClientConnection() = default;

void ClientConnection::send(const ClientRequest& request, Milliseconds timeout, Done done) {
  done_ = std::move(done);
  bytes_.clear();
  head_ = request.method == Method::kHead;
  timeout_ = timeout;
  if (const auto status = append_request(bytes_, request, options_.host); !status) {
    failure_ = shard_.run_after(Milliseconds(0), [this, error = status.error()]() mutable {
      finish(std::unexpected(std::move(error)));
    });
    return;
  }
  shard_.schedule(*this, timeout);
  if (!stream_) {
    may_repeat_ = false;
    return connect();
  }
  may_repeat_ = head_ || request.method == Method::kGet;
  write_request();
}

void ClientConnection::connect() {
  connector_ =
      net::Connector::start(shard_, resolver_, options_.connect, [this](Result<net::StreamPtr> stream) {
        connector_.reset();
        if (!stream) return finish(std::unexpected(std::move(stream).error()));
        stream_ = std::move(*stream);
        stream_->attach(shard_, *this);
        write_request();
      });
}

void ClientConnection::write_request() {
  parser_.emplace(options_.limits, head_);
  stream_->write(bytes_);
}

void ClientConnection::on_data(std::span<char> bytes) {
  // Bytes that nobody asked for: whose answer they are, nobody can say.
  if (!done_) return stream_.reset();
  last_data_ms_ = shard_.now_ms();
  const size_t taken = parser_->feed({bytes.data(), bytes.size()});
  if (parser_->state() == ResponseParser::State::kNeedMore) return;
  if (parser_->state() == ResponseParser::State::kError) {
    stream_.reset();
    return finish(
        fail(ErrorCode::kBadRequest,
             "'" + options_.connect.host + "' gave an answer that is not usable: " + parser_->error()));
  }
  if (!parser_->keep_alive() || taken < bytes.size()) stream_.reset();
  finish(parser_->take_response());
}

void ClientConnection::on_closed(net::CloseCause cause) {
  stream_.reset();
  if (!done_) return cancel();
  if (!parser_->started() && may_repeat_) {
    may_repeat_ = false;
    return connect();
  }
  // An orderly end may be what ends the body; a reset never is.
  if (cause == net::CloseCause::kPeerClosed) parser_->finish();
  if (parser_->state() == ResponseParser::State::kComplete) return finish(parser_->take_response());
  finish(fail(ErrorCode::kServiceUnavailable,
              "'" + options_.connect.host + "' closed the connection before its answer was complete"));
}

void ClientConnection::on_timer() {
  connector_.reset();
  stream_.reset();
  if (!done_) return;  // unused for long enough
  finish(fail(ErrorCode::kRequestTimeout, "'" + options_.connect.host + "' did not answer within " +
                                              std::to_string(timeout_.count()) + " ms"));
}

void ClientConnection::finish(Result<ClientResponse> result) {
  cancel();
  if (stream_) shard_.schedule(*this, options_.idle_timeout);
  parser_.reset();
  Done done = std::move(done_);
  done_ = nullptr;
  done(std::move(result));
}

}  // namespace patchbay::http
