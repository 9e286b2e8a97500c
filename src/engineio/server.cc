#include "engineio/server.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "base/bytes.h"
#include "base/error_code.h"
#include "engineio/link.h"
#include "engineio/server_shard.h"
#include "http/query.h"
#include "websocket/handshake.h"

namespace patchbay::engineio {
namespace {

// Error codes and texts of Node's engine.io, which clients show to their users.
std::string_view error_message(int code) {
  switch (code) {
    case 0:
      return "Transport unknown";
    case 1:
      return "Session ID unknown";
    case 2:
      return "Bad handshake method";
    case 3:
      return "Bad request";
    case 4:
      return "Forbidden";
    case 5:
      return "Unsupported protocol version";
    default:
      return "Bad request";
  }
}

http::Response engine_error(int code) {
  http::Response response{.status = code == 4 ? 403 : 400};
  response.set("content-type", "application/json");
  response.body =
      "{\"code\":" + std::to_string(code) + ",\"message\":\"" + std::string(error_message(code)) + "\"}";
  return response;
}

bool wants_websocket(const http::Request& request) {
  const auto upgrade = request.header("upgrade");
  return upgrade && equals_ignore_case(*upgrade, "websocket");
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
    per_shard_.push_back(std::make_unique<PerShard>());
    per_shard_.back()->shard = &shards[i];
  }
}

Server::~Server() = default;

bool Server::owns_path(std::string_view path) const {
  const std::string_view own = options_.path;
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

void Server::respond(const http::ExchangePtr& exchange, http::Response response) const {
  options_.origins.add_headers(exchange->request(), response);
  response.set("cache-control", "no-store");
  if (exchange->shard().on_this_thread()) return exchange->respond(std::move(response));
  exchange->shard().post(
      [exchange, response = std::move(response)]() mutable { exchange->respond(std::move(response)); });
}

void Server::refuse(const http::ExchangePtr& exchange, int code) const {
  PerShard::bump(per_shard_[net::Shard::current()->index()]->counters.refused);
  respond(exchange, engine_error(code));
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
  if (!polling && !websocket) return refuse(exchange, 0);
  const bool upgrade = wants_websocket(request);
  const bool protocol_4 = request.query_parameter("EIO") == "4";
  if (const auto sid = request.query_parameter("sid")) {
    const auto id = SessionId::parse(*sid);
    if (!id || id->shard_index() >= per_shard_.size()) return refuse(exchange, 1);
    if (!protocol_4 || websocket != upgrade) return refuse(exchange, 3);
    if (websocket) return handle_upgrade(exchange, *id);
    if (request.method == http::Method::kGet) return handle_get(exchange, *id);
    if (request.method == http::Method::kPost) return handle_post(exchange, *id);
    return refuse(exchange, 2);
  }
  if (request.method != http::Method::kGet) return refuse(exchange, 2);
  if (websocket != upgrade) return refuse(exchange, 3);
  if (!protocol_4) return refuse(exchange, 5);
  if (per_shard_[exchange->shard().index()]->sessions.size() >= options_.max_sessions_per_shard)
    return refuse_busy(exchange, "There are too many sessions. Try again in a moment.");
  websocket ? open_websocket(exchange) : open_polling(exchange);
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

void Server::open_polling(const http::ExchangePtr& exchange) {
  net::Shard& shard = exchange->shard();
  PerShard& mine = *per_shard_[shard.index()];
  const SessionId id = SessionId::generate(shard.index());
  auto link = std::make_unique<Link>(*this, shard, id, make_handshake(exchange->request(), false));
  Link& it = *link;
  mine.sessions.emplace(id, std::move(link));
  mine.session_count.store(mine.sessions.size(), std::memory_order_relaxed);
  PerShard::bump(mine.counters.opened_polling);
  it.open_with_poll(exchange);
}

void Server::open_websocket(const http::ExchangePtr& exchange) {
  auto accepted = websocket::check_upgrade(exchange->request());
  if (!accepted) return respond(exchange, std::move(accepted).error());
  net::Shard& shard = exchange->shard();
  PerShard& mine = *per_shard_[shard.index()];
  const SessionId id = SessionId::generate(shard.index());
  auto link = std::make_unique<Link>(*this, shard, id, make_handshake(exchange->request(), true));
  Link& it = *link;
  mine.sessions.emplace(id, std::move(link));
  mine.session_count.store(mine.sessions.size(), std::memory_order_relaxed);
  PerShard::bump(mine.counters.opened_websocket);
  http::Exchange::Upgrade upgrade = exchange->take_stream();
  it.open_with_websocket(std::move(upgrade.stream), *accepted, std::move(upgrade.leftover));
}

// --- Requests of a session, wherever they arrived ---------------------------------------------------------

void Server::handle_get(const http::ExchangePtr& exchange, const SessionId& id) {
  PerShard& owner = shard_of(id);
  const auto on_owner = [this, exchange, id, &owner] {
    if (Link* const link = owner.find(id)) return link->on_get(exchange);
    refuse(exchange, 1);
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

void Server::handle_post(const http::ExchangePtr& exchange, const SessionId& id) {
  // Binary bodies belong to protocol 3.
  if (const auto type = exchange->request().header("content-type");
      type && type->starts_with("application/octet-stream"))
    return refuse(exchange, 3);
  PerShard& owner = shard_of(id);
  const auto on_owner = [this, exchange, id, &owner] {
    if (Link* const link = owner.find(id)) return link->on_post(exchange);
    refuse(exchange, 1);
  };
  owner.shard->on_this_thread() ? on_owner() : owner.shard->post(on_owner);
}

void Server::handle_upgrade(const http::ExchangePtr& exchange, const SessionId& id) {
  auto accepted = websocket::check_upgrade(exchange->request());
  if (!accepted) return respond(exchange, std::move(accepted).error());
  PerShard& owner = shard_of(id);
  const auto verdict = [this, exchange, id, &owner] {
    const Link* const link = owner.find(id);
    if (link == nullptr) {
      refuse(exchange, 1);
      return false;
    }
    if (!const_cast<Link*>(link)->session().may_upgrade()) {
      refuse(exchange, 3);
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
