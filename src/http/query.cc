#include "http/query.h"

#include "base/bytes.h"

namespace patchbay::http {

std::optional<std::string> query_parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    const size_t equals = pair.find('=');
    const std::string_view raw_name = pair.substr(0, equals);
    if (percent_decode(raw_name, true) != name) continue;
    return equals == std::string_view::npos ? std::string() : percent_decode(pair.substr(equals + 1), true);
  }
  return std::nullopt;
}

std::vector<std::pair<std::string, std::string>> query_parameters(std::string_view query, size_t limit) {
  std::vector<std::pair<std::string, std::string>> all;
  while (!query.empty() && all.size() < limit) {
    const size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    const size_t equals = pair.find('=');
    auto name = percent_decode(pair.substr(0, equals), true);
    auto value =
        equals == std::string_view::npos ? std::string() : percent_decode(pair.substr(equals + 1), true);
    if (name && value && !name->empty()) all.emplace_back(std::move(*name), std::move(*value));
  }
  return all;
}

}  // namespace patchbay::http
