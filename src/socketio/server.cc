#include "socketio/server.h"

#include <stdexcept>

#include "socketio/client_connection.h"

namespace patchbay::socketio {
namespace {

// `*` is one or more characters but '/'. Linear in practice: each star tries shorter and shorter runs only of
// its own segment, and names are bounded by PacketLimits.
bool matches_pattern(std::string_view pattern, std::string_view name) {
  while (!pattern.empty()) {
    if (pattern.front() != '*') {
      if (name.empty() || name.front() != pattern.front()) return false;
      pattern.remove_prefix(1);
      name.remove_prefix(1);
      continue;
    }
    pattern.remove_prefix(1);
    const std::string_view literal = pattern.substr(0, pattern.find('*'));
    // The shortest run that lets the literal behind the star follow; the last star takes what is left.
    const size_t segment = std::min(name.find('/'), name.size());
    if (literal.empty()) return pattern.empty() && !name.empty() && segment == name.size();
    const bool is_last = literal.size() == pattern.size();
    const size_t at =
        is_last ? (name.size() > literal.size() && name.ends_with(literal) ? name.size() - literal.size()
                                                                           : std::string_view::npos)
                : name.find(literal, 1);
    if (at == std::string_view::npos || at == 0 || at > segment) return false;
    name.remove_prefix(at);
  }
  return name.empty();
}

ServerOptions with_path(ServerOptions options) {
  if (options.engine.path.empty()) options.engine.path = "/socket.io/";
  return options;
}

std::string with_slash(std::string_view name) {
  std::string key(name);
  if (!key.starts_with('/')) key.insert(0, 1, '/');
  return key;
}

}  // namespace

Server::Server(net::ShardGroup& shards, ServerOptions options)
    : shards_(shards),
      options_(with_path(std::move(options))),
      client_files_(options_.serve_client),
      output_budget_(options_.output.process_bytes),
      engine_(shards, options_.engine, [this](engineio::Connection& connection) {
        return std::make_unique<ClientConnection>(*this, connection);
      }) {
  main_ = &of("/");
}

Server::~Server() = default;

std::string_view Server::client_path(std::string_view path) const {
  const std::string& own = options_.engine.path;
  return path.starts_with(own) ? path.substr(own.size() - 1) : std::string_view();
}

void Server::begin_serving() {
  const std::lock_guard lock(mutex_);
  serving_.store(true, std::memory_order_release);
}

void Server::check_not_serving(const std::string& what) const {
  if (serving_.load(std::memory_order_relaxed))
    throw std::logic_error("it is too late to register " + what +
                           ": namespaces and patterns are registered before the server starts");
}

void Server::handle(const http::ExchangePtr& exchange) {
  if (!serving_.load(std::memory_order_acquire)) [[unlikely]]
    begin_serving();
  const std::string_view file = client_path(exchange->request().path);
  client_files_.has(file) ? serve_client_file(exchange, file) : engine_.handle(exchange);
}

void Server::serve_client_file(const http::ExchangePtr& exchange, std::string_view path) const {
  const engineio::ServerOptions& options = options_.engine;
  const http::Request& request = exchange->request();
  if (auto preflight = options.origins.preflight(request)) return exchange->respond(std::move(*preflight));
  if (options.origins.check(request) == http::OriginPolicy::Verdict::kRefused)
    return exchange->respond(options.origins.refusal(request));
  http::Response response = client_files_.respond(request, path);
  options.origins.add_headers(request, response);
  if (options.headers) options.headers(request, response.headers);
  exchange->respond(std::move(response));
}

Namespace& Server::of(std::string_view name) {
  const std::string key = with_slash(name);
  {
    const std::lock_guard lock(mutex_);
    if (const auto it = namespaces_.find(key); it != namespaces_.end()) return *it->second;
    check_not_serving("the namespace " + key);
  }
  // Without the lock: the adapter that it makes may ask for namespaces.
  auto made = std::make_shared<Namespace>(*this, key, shards_.size());
  const std::lock_guard lock(mutex_);
  check_not_serving("the namespace " + key);
  return *namespaces_.try_emplace(key, std::move(made)).first->second;
}

Namespace& Server::of_pattern(std::string pattern) {
  pattern = with_slash(pattern);
  return of_matching(
      [pattern](std::string_view name, const Handshake&) { return matches_pattern(pattern, name); });
}

Namespace& Server::of_matching(NamespacePredicate predicate) {
  auto pattern = std::make_shared<Namespace>(*this, "", shards_.size());
  pattern->matches_ = std::move(predicate);
  const std::lock_guard lock(mutex_);
  check_not_serving("a pattern of namespaces");
  patterns_.push_back(std::move(pattern));
  return *patterns_.back();
}

std::shared_ptr<Namespace> Server::find(std::string_view name) const {
  if (const auto it = namespaces_.find(name); it != namespaces_.end()) return it->second;
  if (patterns_.empty()) return nullptr;
  const std::lock_guard lock(mutex_);
  const auto it = children_.find(name);
  return it == children_.end() ? nullptr : it->second.nsp;
}

std::vector<std::shared_ptr<Namespace>> Server::namespaces() const {
  std::vector<std::shared_ptr<Namespace>> all;
  const std::lock_guard lock(mutex_);
  all.reserve(namespaces_.size() + children_.size());
  for (const auto& [name, nsp] : namespaces_) all.push_back(nsp);
  for (const auto& [name, child] : children_) all.push_back(child.nsp);
  return all;
}

std::vector<std::shared_ptr<Namespace>> Server::children_of(const Namespace& pattern) const {
  std::vector<std::shared_ptr<Namespace>> children;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, child] : children_)
    if (child.pattern == &pattern) children.push_back(child.nsp);
  return children;
}

std::shared_ptr<Namespace> Server::enter(std::string_view name, const Handshake& handshake) {
  if (const auto it = namespaces_.find(name); it != namespaces_.end()) return it->second;
  for (const auto& pattern : patterns_) {
    if (!pattern->matches_(name, handshake)) continue;
    std::shared_ptr<Namespace> made;
    {
      const std::lock_guard lock(mutex_);
      if (const auto it = children_.find(name); it != children_.end()) {
        ++it->second.nsp->members_;
        return it->second.nsp;
      }
      if (children_.size() >= options_.max_dynamic_namespaces) return nullptr;
      made = std::make_shared<Namespace>(*this, std::string(name), shards_.size(), *pattern);
      made->members_ = 1;
      children_.emplace(name, Child{made, pattern.get()});
    }
    if (on_new_namespace_) on_new_namespace_(*made);
    return made;
  }
  return nullptr;
}

void Server::left(Namespace& nsp) {
  if (!nsp.is_child_) return;
  std::shared_ptr<Namespace> last;  // destroyed outside the lock
  const std::lock_guard lock(mutex_);
  if (--nsp.members_ > 0 || !options_.cleanup_empty_child_namespaces) return;
  const auto it = children_.find(nsp.name());
  if (it == children_.end()) return;
  last = std::move(it->second.nsp);
  children_.erase(it);
}

}  // namespace patchbay::socketio
