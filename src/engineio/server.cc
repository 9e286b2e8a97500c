#include "engineio/server.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "base/bytes.h"
#include "base/error_code.h"
#include "engineio/link.h"
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

Server::Server(net::ShardGroup& shards, ServerOptions options, Accept accept)
    : shards_(shards), options_(std::move(options)), accept_(std::move(accept)) {
  if (shards.size() > SessionId::kMaxShards)
    throw std::invalid_argument("an Engine.IO server has at most 64 shards");
  for (size_t i = 0; i < shards.size(); ++i) {
    per_shard_.push_back(std::make_unique<PerShard>(options_));
    per_shard_.back()->shard = &shards[i];
  }
}

Server::~Server() = default;

bool Server::owns_path(std::string_view path) const {
  const std::string_view own = options_.path.empty() ? "/engine.io/" : std::string_view(options_.path);
  return path == own || path == own.substr(0, own.size() - 1);
}

Server::PerShard& Server::shard_of(const SessionId& id) const {
  return *per_shard_[id.shard_index()];
}

const Server::Counters& Server::counters(size_t shard) const {
  return per_shard_[shard]->counters;
}

size_t Server::session_count() const {
  size_t count = 0;
  for (const auto& per_shard : per_shard_) count += per_shard->session_count.load(std::memory_order_relaxed);
  return count;
}

void Server::respond(const http::ExchangePtr& exchange, http::Response response, bool compress) const {
  options_.origins.add_headers(exchange->request(), response);
  response.set("cache-control", "no-store");
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

void Server::refuse(const http::ExchangePtr& exchange, const Refusal& refusal) const {
  PerShard::bump(per_shard_[net::Shard::current()->index()]->counters.refused);
  respond(exchange, to_response(refusal));
}

void Server::refuse_busy(const http::ExchangePtr& exchange, std::string_view message) const {
  PerShard::bump(per_shard_[exchange->shard().index()]->counters.refused);
  http::Response response = http::error_response(503, to_string(ErrorCode::kServiceUnavailable), message);
  response.set("retry-after", "2");
  respond(exchange, std::move(response));
}

void Server::handle(const http::ExchangePtr& exchange) {
  const http::Request& request = exchange->request();
  if (auto preflight = options_.origins.preflight(request)) return exchange->respond(std::move(*preflight));
  if (options_.origins.check(request) == http::OriginPolicy::Verdict::kRefused)
    return exchange->respond(options_.origins.refusal(request));
  if (closing_.load(std::memory_order_relaxed))
    return refuse_busy(exchange, "The server is shutting down. Connect again in a moment.");
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
  if (per_shard_[exchange->shard().index()]->sessions.size() >= options_.max_sessions_per_shard)
    return refuse_busy(exchange, "There are too many sessions. Try again in a moment.");
  const auto base64 = request.query_parameter("b64");
  const Dialect dialect{.protocol = static_cast<uint8_t>(protocol),
                        .base64_only = base64 && !base64->empty() && *base64 != "0" && *base64 != "false"};
  websocket ? open_websocket(exchange, dialect) : open_polling(exchange, dialect);
}

// --- New sessions -----------------------------------------------------------------------------------------

namespace {

// What is worth keeping of a request's headers, in memory of exactly that size.
HeaderList keep_headers(const http::Request& request, bool websocket) {
  constexpr std::array<std::string_view, 5> kOpening{"connection", "upgrade", "sec-websocket-key",
                                                     "sec-websocket-version", "sec-websocket-extensions"};
  const auto kept = [&](std::string_view name) {
    return !websocket || std::ranges::find(kOpening, name) == kOpening.end();
  };
  size_t bytes = 0;
  for (const auto& [name, value] : request.headers)
    if (kept(name)) bytes += HeaderList::bytes_of(name, value);
  HeaderList headers;
  headers.reserve(bytes);
  for (const auto& [name, value] : request.headers)
    if (kept(name)) headers.emplace_back(name, value);
  return headers;
}

std::shared_ptr<const Handshake> make_handshake(const http::Request& request, bool websocket) {
  return std::make_shared<const Handshake>(Handshake{.headers = keep_headers(request, websocket),
                                                     .query = request.query,
                                                     .address = request.remote_address,
                                                     .secure = request.secure,
                                                     .websocket = websocket,
                                                     .time = SystemClock().wall_now()});
}

}  // namespace

void Server::open_polling(const http::ExchangePtr& exchange, Dialect dialect) {
  net::Shard& shard = exchange->shard();
  PerShard& mine = *per_shard_[shard.index()];
  const SessionId id = SessionId::generate(shard.index());
  auto link = std::make_unique<Link>(*this, shard, id, make_handshake(exchange->request(), false), dialect);
  Link& it = *link;
  mine.sessions.emplace(id, std::move(link));
  mine.session_count.store(mine.sessions.size(), std::memory_order_relaxed);
  PerShard::bump(mine.counters.opened_polling);
  it.open_with_poll(exchange);
}

void Server::open_websocket(const http::ExchangePtr& exchange, Dialect dialect) {
  auto accepted = websocket::accept_upgrade(exchange->request(), options_.per_message_deflate);
  if (!accepted) return respond(exchange, std::move(accepted).error());
  net::Shard& shard = exchange->shard();
  PerShard& mine = *per_shard_[shard.index()];
  const SessionId id = SessionId::generate(shard.index());
  auto link = std::make_unique<Link>(*this, shard, id, make_handshake(exchange->request(), true), dialect);
  Link& it = *link;
  mine.sessions.emplace(id, std::move(link));
  mine.session_count.store(mine.sessions.size(), std::memory_order_relaxed);
  PerShard::bump(mine.counters.opened_websocket);
  http::Exchange::Upgrade upgrade = exchange->take_stream();
  it.open_with_websocket(std::move(upgrade.stream), *accepted, std::move(upgrade.leftover));
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
  PerShard& owner = shard_of(id);
  const auto verdict = [this, exchange, id, protocol] {
    Link* const link = find_for(exchange, id, protocol);
    if (link == nullptr) return false;
    if (!link->session().may_upgrade()) {
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
