#include "rest/router.h"

#include <algorithm>
#include <optional>

namespace patchbay::rest {
namespace {

// Cuts the next segment off `path`, which begins with '/'.
std::string_view next_segment(std::string_view& path) {
  path.remove_prefix(1);
  const size_t end = std::min(path.find('/'), path.size());
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(end);
  return segment;
}

bool is_parameter(std::string_view segment) {
  return segment.starts_with('{');
}

struct Fit {
  PathParams params;
  size_t literals = 0;
};

std::optional<Fit> fit(std::string_view pattern, std::string_view path) {
  Fit result;
  while (!pattern.empty() && !path.empty()) {
    const std::string_view want = next_segment(pattern);
    const std::string_view have = next_segment(path);
    if (is_parameter(want)) {
      if (have.empty()) return std::nullopt;
      result.params.push(want.substr(1, want.size() - 2), have);
    } else {
      if (want != have) return std::nullopt;
      ++result.literals;
    }
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return result;
}

}  // namespace

std::string_view PathParams::operator[](std::string_view name) const {
  for (const auto& [key, value] : values_) {
    if (key == name) return value;
  }
  return {};
}

Router::Match Router::match(http::Method method, std::string_view path) const {
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const http::Method wanted = method == http::Method::kHead ? http::Method::kGet : method;
  Match match;
  size_t literals = 0;
  std::vector<std::string> allowed;
  for (const Route& route : routes_) {
    std::optional<Fit> found = fit(route.pattern, path);
    if (!found) continue;
    allowed.emplace_back(http::to_string(route.method));
    if (route.method == http::Method::kGet) allowed.emplace_back("HEAD");
    if (route.method != wanted || (match.route && found->literals <= literals)) continue;
    match.route = &route;
    match.params = std::move(found->params);
    literals = found->literals;
  }
  if (match.route || allowed.empty()) return match;
  std::ranges::sort(allowed);
  const auto duplicates = std::ranges::unique(allowed);
  allowed.erase(duplicates.begin(), duplicates.end());
  for (const std::string& name : allowed) match.allow += (match.allow.empty() ? "" : ", ") + name;
  return match;
}

}  // namespace patchbay::rest
