#include "binary/jid.h"

#include <algorithm>
#include <charconv>

namespace patchbay::binary {

namespace {

constexpr size_t kMaxBytes = 256;

// One to five digits, at most 65,535.
std::optional<uint16_t> parse_number(std::string_view text) {
  uint16_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.size() > 5) return std::nullopt;
  return number;
}

bool is_user(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~' && c != '@' && c != ':'; });
}

bool is_server(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
  });
}

}  // namespace

std::string to_string(const Jid& jid) {
  if (jid.user.empty() && jid.device == 0 && jid.server == kUserServer) return jid.server;
  std::string text;
  text.reserve(jid.user.size() + jid.server.size() + 13);
  if (jid.server == kInteropServer) text.append(std::to_string(jid.integrator)).push_back('-');
  text += jid.user;
  if (jid.device != 0) text.append(":").append(std::to_string(jid.device));
  return text.append("@").append(jid.server);
}

std::optional<Jid> parse_jid(std::string_view text) {
  if (text.size() > kMaxBytes) return std::nullopt;
  if (text == kUserServer) return Jid{.server = std::string(text)};
  const size_t at = text.find('@');
  if (at == std::string_view::npos || !is_server(text.substr(at + 1))) return std::nullopt;
  Jid jid{.server = std::string(text.substr(at + 1))};
  std::string_view user = text.substr(0, at);
  if (jid.server == kInteropServer) {
    const size_t dash = user.find('-');
    const auto integrator = parse_number(user.substr(0, std::min(dash, user.size())));
    if (dash == std::string_view::npos || !integrator) return std::nullopt;
    jid.integrator = *integrator;
    user.remove_prefix(dash + 1);
  }
  if (const size_t colon = user.find(':'); colon != std::string_view::npos) {
    const auto device = parse_number(user.substr(colon + 1));
    if (!device || colon == 0) return std::nullopt;
    jid.device = *device;
    user = user.substr(0, colon);
  }
  if (!is_user(user)) return std::nullopt;
  jid.user = user;
  return jid;
}

}  // namespace patchbay::binary
