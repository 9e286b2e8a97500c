#include "engineio/server.h"

#include <algorithm>
#include <array>
#include <future>
#include <stdexcept>

#include "base/bytes.h"
#include "base/error_code.h"
#include "base/ids.h"
#include "engineio/drain.h"
#include "engineio/link.h"
#include "engineio/opening.h"
#include "engineio/server_shard.h"
#include "http/content_coding.h"
#include "http/query.h"
#include "websocket/handshake.h"

namespace patchbay::engineio {
namespace {

bool wants_websocket(const http::Request& request) {
  const auto upgrade = request.header("upgrade");
  return upgrade && equals_ignore_case(*upgrade, "websocket");
}

BodyKind body_kind(const http::Request& request) {
  constexpr std::string_view kOctets = "application/octet-stream";
  const std::string_view type = request.header("content-type").value_or("");
  return equals_ignore_case(type.substr(0, kOctets.size()), kOctets) ? BodyKind::kOctets : BodyKind::kText;
}

}  // namespace

std::optional<std::string_view> Handshake::header(std::string_view lower_case_name) const {
  return headers.find(lower_case_name);
}

std::optional<std::string> Handshake::query_parameter(std::string_view name) const {
  return http::query_parameter(query, name);
}

Server::PerShard::PerShard(net::Shard& its_shard, const ServerOptions& options, size_t shards)
    : shard(&its_shard),
      context(options.session),
      deflate(options.per_message_deflate),
      compressed_polls(options.http_compression.max_bytes_per_turn),
      addresses(RateLimit(options.admission.sessions_per_second_per_address, options.admission.address_burst),
                options.admission.max_addresses / shards) {}

Server::PerShard::~PerShard() = default;

Server::Server(net::ShardGroup& shards, ServerOptions options, Accept accept)
    : shards_(shards),
      options_(std::move(options)),
      accept_(std::move(accept)),
      admission_rate_(options_.admission.sessions_per_second / static_cast<double>(shards.size()),
                      options_.admission.session_burst / static_cast<double>(shards.size())) {
  if (shards.size() > SessionId::kMaxShards)
    throw std::invalid_argument("an Engine.IO server has at most 64 shards");
  if (options_.cookie) check(*options_.cookie);
  for (size_t i = 0; i < shards.size(); ++i)
    per_shard_.push_back(std::make_unique<PerShard>(shards[i], options_, shards.size()));
}

Server::~Server() {
  // Sessions that still wait for their peers (a polling one for its close packet) belong to loops that may
  // run on.
  shards_.run_on_each([this](net::Shard& shard) { per_shard_[shard.index()]->sessions.clear(); });
}

bool Server::owns_path(std::string_view path) const {
  const std::string_view own = options_.path.empty() ? "/engine.io/" : std::string_view(options_.path);
  return path == own || path == own.substr(0, own.size() - 1);
}

Server::PerShard& Server::shard_of(const SessionId& id) const {
  return *per_shard_[id.shard_index()];
}

const ShardMetrics& Server::metrics(size_t shard) const {
  return per_shard_[shard]->context.metrics;
}

Metrics Server::metrics() const {
  Metrics sums;
  for (const auto& per_shard : per_shard_) sums.add(per_shard->context.metrics);
  sums.sessions = session_count();
  return sums;
}

size_t Server::session_count() const {
  size_t count = 0;
  for (const auto& per_shard : per_shard_) count += per_shard->session_count.load(std::memory_order_relaxed);
  return count;
}

// --- Answers ----------------------------------------------------------------------------------------------

void Server::respond(const http::ExchangePtr& exchange, http::Response response, bool compress) const {
  options_.origins.add_headers(exchange->request(), response);
  response.set("cache-control", "no-store");
  if (options_.headers) options_.headers(exchange->request(), response.headers);
  const HttpCompressionOptions& compression = options_.http_compression;
  compress = compress && compression.enabled && response.body.size() >= compression.threshold;
  const auto answer = [this, exchange, compress](http::Response& ready) {
    if (compress) compress_body(*exchange, exchange->shard(), ready);
    exchange->respond(std::move(ready));
  };
  if (exchange->shard().on_this_thread()) return answer(response);
  exchange->shard().post([answer, response = std::move(response)]() mutable { answer(response); });
}

void Server::compress_body(const http::Exchange& exchange, net::Shard& shard,
                           http::Response& response) const {
  http::add_vary(response, "Accept-Encoding");
  const http::ContentCoding coding =
      http::choose_coding(exchange.request().header("accept-encoding").value_or(""));
  if (coding == http::ContentCoding::kIdentity) return;
  net::TurnBudget& budget = per_shard_[shard.index()]->compressed_polls;
  budget.set_turn(shard.counters().turns.load(std::memory_order_relaxed));
  if (!budget.spend(response.body.size())) return;
  auto compressed = http::encode_content(response.body, coding, options_.http_compression.level);
  if (!compressed) return;
  response.body = std::move(*compressed);
  response.set("content-encoding", std::string(http::to_string(coding)));
}

std::string Server::finish_upgrade_response(const http::Request& request, std::string response,
                                            HeaderLines more) const {
  if (options_.headers) options_.headers(request, more);
  return with_headers(std::move(response), more);
}

void Server::refuse(const http::ExchangePtr& exchange, const Refusal& refusal,
                    std::string_view message) const {
  metrics_here().refused[static_cast<size_t>(refusal.code)].add();
  http::Response response = to_response(refusal, message);
  if (options_.on_connection_error)
    options_.on_connection_error({.status = response.status,
                                  .code = refusal.code,
                                  .message = message.empty() ? to_string(refusal.code) : message,
                                  .context = refusal.hint,
                                  .address = options_.trusted_proxies.client_of(exchange->request())});
  respond(exchange, std::move(response));
}

namespace {

std::string_view message_of(BusyReason reason) {
  switch (reason) {
    case BusyReason::kShuttingDown:
    case BusyReason::kDraining:
      return "The server is shutting down. Connect again in a moment.";
    case BusyReason::kTooManySessions:
      return "There are too many sessions. Try again in a moment.";
    case BusyReason::kRate:
      return "Too many sessions are being opened just now. Try again in a moment.";
    case BusyReason::kAddressRate:
      return "Too many sessions were opened from your address. Try again in a moment, and reconnect less "
             "often.";
    case BusyReason::kUndecided:
      return "The server could not decide in time whether to let you in. Try again in a moment.";
  }
  return "The server is busy. Try again in a moment.";
}

}  // namespace

void Server::refuse_busy(const http::ExchangePtr& exchange, BusyReason reason, Milliseconds wait) const {
  metrics_here().busy[static_cast<size_t>(reason)].add();
  const bool own_fault = reason == BusyReason::kAddressRate;
  http::Response response =
      own_fault ? http::error_response(429, to_string(ErrorCode::kRateLimitExceeded), message_of(reason))
                : http::error_response(503, to_string(ErrorCode::kServiceUnavailable), message_of(reason));
  // Those who are turned away together must not come back together.
  const double jitter = random_unit() * static_cast<double>(std::max<int64_t>(
                                            options_.admission.retry_after_spread.count(), 0));
  const auto milliseconds = std::min<int64_t>(wait.count(), 86'400'000) + static_cast<int64_t>(jitter);
  response.set("retry-after", std::to_string(std::max<int64_t>(1, (milliseconds + 999) / 1000)));
  response.close = reason == BusyReason::kDraining || reason == BusyReason::kShuttingDown;
  if (options_.on_connection_error)
    options_.on_connection_error({.status = response.status,
                                  .code = std::nullopt,
                                  .message = message_of(reason),
                                  .context = to_string(reason),
                                  .address = options_.trusted_proxies.client_of(exchange->request())});
  respond(exchange, std::move(response));
}

ShardMetrics& Server::metrics_here() const {
  return per_shard_[net::Shard::current()->index()]->context.metrics;
}

// --- Requests ---------------------------------------------------------------------------------------------

void Server::handle(const http::ExchangePtr& exchange) {
  const http::Request& request = exchange->request();
  if (auto preflight = options_.origins.preflight(request)) return exchange->respond(std::move(*preflight));
  if (options_.origins.check(request) == http::OriginPolicy::Verdict::kRefused)
    return exchange->respond(options_.origins.refusal(request));
  if (closing_.load(std::memory_order_relaxed)) return refuse_busy(exchange, BusyReason::kShuttingDown);
  // Everything about the request is checked before anything is looked up or upgraded.
  const auto transport = request.query_parameter("transport");
  const bool polling = transport == "polling" && options_.allow_polling;
  const bool websocket = transport == "websocket" && options_.allow_websocket;
  if (!polling && !websocket) return refuse(exchange, refusals::kTransport);
  const bool upgrade = wants_websocket(request);
  const auto version = request.query_parameter("EIO");
  // 0: none that we speak.
  const int protocol = version == "4" ? 4 : version == "3" && options_.allow_eio3 ? 3 : 0;
  if (protocol == 3 && polling && request.query_parameter("j")) return refuse(exchange, refusals::kJsonp);
  if (const auto sid = request.query_parameter("sid")) {
    const auto id = SessionId::parse(*sid);
    if (!id || id->shard_index() >= per_shard_.size()) return refuse(exchange, refusals::kSession);
    if (protocol == 0) return refuse(exchange, refusals::kProtocolMismatch);
    if (websocket != upgrade) return refuse(exchange, refusals::kUpgradeMismatch);
    if (websocket) return handle_upgrade(exchange, *id, protocol);
    if (request.method == http::Method::kGet) return handle_get(exchange, *id, protocol);
    if (request.method == http::Method::kPost) return handle_post(exchange, *id, protocol);
    return refuse(exchange, refusals::kMethod);
  }
  if (request.method != http::Method::kGet) return refuse(exchange, refusals::kMethod);
  if (websocket != upgrade) return refuse(exchange, refusals::kUpgradeMismatch);
  if (protocol == 0) return refuse(exchange, refusals::kProtocol);
  const auto base64 = request.query_parameter("b64");
  const Dialect dialect{.protocol = static_cast<uint8_t>(protocol),
                        .base64_only = base64 && !base64->empty() && *base64 != "0" && *base64 != "false"};
  admit({.exchange = exchange,
         .websocket = websocket,
         .dialect = dialect,
         .address = options_.trusted_proxies.client_of(request)});
}

// --- Requests of a session, wherever they arrived ---------------------------------------------------------

Server::Link* Server::find_for(const http::ExchangePtr& exchange, const SessionId& id, int protocol) {
  Link* const link = shard_of(id).find(id);
  if (link == nullptr) {
    refuse(exchange, refusals::kSession);
    return nullptr;
  }
  // What one revision sends the other may take for something else.
  if (link->protocol() != protocol) {
    refuse(exchange, refusals::kProtocolMismatch);
    return nullptr;
  }
  return link;
}

void Server::handle_get(const http::ExchangePtr& exchange, const SessionId& id, int protocol) {
  PerShard& owner = shard_of(id);
  const auto on_owner = [this, exchange, id, protocol] {
    if (Link* const link = find_for(exchange, id, protocol)) link->on_get(exchange);
  };
  // The peer may give up while the request is held: then the session ends (a poll cannot be resumed).
  exchange->on_abort([&owner, id, &gone = *exchange] {
    const auto tell = [&owner, id, &gone] {
      if (Link* const link = owner.find(id)) link->on_poll_aborted(gone);
    };
    owner.shard->on_this_thread() ? tell() : owner.shard->post(tell);
  });
  owner.shard->on_this_thread() ? on_owner() : owner.shard->post(on_owner);
}

void Server::handle_post(const http::ExchangePtr& exchange, const SessionId& id, int protocol) {
  const BodyKind kind = body_kind(exchange->request());
  if (kind == BodyKind::kOctets && protocol != 3) return refuse(exchange, refusals::kOctets);
  PerShard& owner = shard_of(id);
  const auto on_owner = [this, exchange, id, protocol, kind] {
    if (Link* const link = find_for(exchange, id, protocol)) link->on_post(exchange, kind);
  };
  owner.shard->on_this_thread() ? on_owner() : owner.shard->post(on_owner);
}

void Server::handle_upgrade(const http::ExchangePtr& exchange, const SessionId& id, int protocol) {
  auto accepted = websocket::accept_upgrade(exchange->request(), options_.per_message_deflate);
  if (!accepted) return respond(exchange, std::move(accepted).error());
  accepted->response = finish_upgrade_response(exchange->request(), std::move(accepted->response), {});
  PerShard& owner = shard_of(id);
  const auto verdict = [this, exchange, id, protocol] {
    Link* const link = find_for(exchange, id, protocol);
    if (link == nullptr) return false;
    if (!link->session().may_upgrade()) {
      metrics_here().upgrades[static_cast<size_t>(UpgradeOutcome::kRefused)].add();
      refuse(exchange, refusals::kNoUpgrade);
      return false;
    }
    return true;
  };
  const auto attach = [id, &owner, response = std::move(*accepted)](http::Exchange::Upgrade upgrade) {
    Link* const link = owner.find(id);
    if (link != nullptr && link->session().may_upgrade())
      link->add_candidate(std::move(upgrade.stream), response, std::move(upgrade.leftover));
  };
  if (owner.shard->on_this_thread()) {
    if (verdict()) attach(exchange->take_stream());
    return;
  }
  // There to ask, back to take the connection out of HTTP, there again with it.
  owner.shard->post([exchange, verdict, attach, &owner] {
    if (!verdict()) return;
    exchange->shard().post([exchange, attach, &owner] {
      if (!exchange->open()) return;
      owner.shard->post(
          [attach, upgrade = exchange->take_stream()]() mutable { attach(std::move(upgrade)); });
    });
  });
}

// --- The end ----------------------------------------------------------------------------------------------

bool Server::drain(Milliseconds spread, std::function<void()> done) {
  if (draining_.exchange(true)) return false;
  const auto progress = std::make_shared<Drain::Progress>();
  progress->shards_left = per_shard_.size();
  progress->done = std::move(done);
  for (const auto& per_shard : per_shard_)
    per_shard->shard->post([&mine = *per_shard, spread, progress] {
      mine.drain = std::make_unique<Drain>(mine, spread, progress);
    });
  return true;
}

bool Server::close_within(Milliseconds limit) {
  const Milliseconds pace(static_cast<int64_t>(session_count() * 1'000 / kClosingsPerSecond));
  const auto gone = std::make_shared<std::promise<void>>();
  const bool gently = drain(std::min(pace, limit / 2), [gone] { gone->set_value(); }) &&
                      gone->get_future().wait_for(limit) == std::future_status::ready;
  close();
  return gently;
}

void Server::close() {
  closing_ = true;
  shards_.run_on_each([this](net::Shard& shard) {
    PerShard& mine = *per_shard_[shard.index()];
    std::vector<SessionId> ids;
    ids.reserve(mine.sessions.size());
    for (const auto& [id, link] : mine.sessions) ids.push_back(id);
    for (const SessionId& id : ids)
      if (Link* const link = mine.find(id)) link->session().close(shard.now(), CloseReason::kServerShutdown);
  });
}

}  // namespace patchbay::engineio
