// Finds the handler of a method and a path. Patterns are literal segments and parameters: "/api/users/{id}".
// A literal segment wins over a parameter. Authentication and CORS are not its business. Filled once at
// construction, then immutable: any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/message.h"
#include "rest/failure.h"

namespace patchbay::rest {

struct Context;

// The segments that stood for the parameters of a pattern. Views into the request's path and the pattern.
class PathParams {
 public:
  // Empty when the pattern has no such parameter.
  std::string_view operator[](std::string_view name) const;
  void push(std::string_view name, std::string_view value) { values_.emplace_back(name, value); }

 private:
  std::vector<std::pair<std::string_view, std::string_view>> values_;
};

// Runs on a worker thread and may block.
using RouteHandler = Outcome<http::Response> (*)(const Context&, const http::Request&, const PathParams&);

// Who may call a route.
enum class Access {
  kPublic,
  kUser,           // a signed-in user (JWT); API keys are refused
  kAdministrator,  // such a user whose role is ADMINISTRATOR
};

struct Route {
  http::Method method;
  std::string_view pattern;  // static storage
  Access access;
  RouteHandler handler;
};

class Router {
 public:
  void add(std::span<const Route> routes) { routes_.insert(routes_.end(), routes.begin(), routes.end()); }

  struct Match {
    const Route* route = nullptr;
    PathParams params;
    // When no route was found: the methods that the path answers to, e.g. "GET, HEAD, PUT"; empty when the
    // path is unknown.
    std::string allow;
  };
  // HEAD finds the route of GET. A path with a trailing slash is the one without it.
  Match match(http::Method method, std::string_view path) const;

  std::span<const Route> routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
};

}  // namespace patchbay::rest
