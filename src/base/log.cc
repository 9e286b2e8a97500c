#include "base/log.h"

#include <array>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <utility>

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include "base/bytes.h"
#include "base/clock.h"

namespace patchbay::log {
namespace {

std::atomic<Level> g_level{Level::kInfo};
std::atomic<Format> g_format{Format::kText};

// Leaked on purpose: threads may log while the process ends.
Sink& sink() {
  static auto* const made = new Sink([](Level, std::string_view line) {
    std::string whole(line);
    whole += '\n';
    // One call on a stream without a buffer: lines of several threads do not mix.
    std::fwrite(whole.data(), 1, whole.size(), stderr);
  });
  return *made;
}

std::string_view name_of(Level level) {
  constexpr std::array<std::string_view, 4> names = {"debug", "info", "warning", "error"};
  return names[static_cast<size_t>(level)];
}

// Quoted as JSON, with bytes that are not UTF-8 shown as hexadecimal: a peer's text cannot forge a line.
std::string quoted(std::string_view text) {
  if (!is_valid_utf8(text)) return "\"0x" + to_hex(text.substr(0, 64)) + "\"";
  return boost::json::serialize(boost::json::string(text));
}

std::string value_text(const Field::Value& value) {
  return std::visit(
      [](const auto& v) -> std::string {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, std::string_view>) {
          return quoted(v);
        } else if constexpr (std::is_same_v<T, bool>) {
          return v ? "true" : "false";
        } else {
          std::array<char, 32> digits;
          const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), v).ptr;
          return std::string(digits.data(), end);
        }
      },
      value);
}

}  // namespace

void configure(Level level, Format format) {
  g_level = level;
  g_format = format;
}

bool enabled(Level level) {
  return level >= g_level.load(std::memory_order_relaxed);
}

void write(Level level, std::string_view event, Fields fields) {
  if (!enabled(level)) return;
  const std::string time = to_iso8601(SystemClock().wall_now());
  std::string line;
  if (g_format.load(std::memory_order_relaxed) == Format::kJson) {
    line = R"({"time":")" + time + R"(","level":")" + std::string(name_of(level)) + R"(","event":)" +
           quoted(event);
    for (const Field& field : fields) line += "," + quoted(field.name) + ":" + value_text(field.value);
    line += '}';
  } else {
    std::string name(name_of(level));
    name.resize(7, ' ');
    line = time + " " + name + " " + std::string(event);
    for (const Field& field : fields) line += " " + std::string(field.name) + "=" + value_text(field.value);
  }
  sink()(level, line);
}

void set_sink(Sink given) {
  sink() = std::move(given);
}

void flush() {
  std::fflush(stderr);
}

std::string redact_target(std::string_view target) {
  constexpr std::array<std::string_view, 7> secrets = {"token",         "apikey",   "api_key", "access_token",
                                                       "authorization", "password", "secret"};
  const size_t question = target.find('?');
  if (question == std::string_view::npos) return std::string(target);
  std::string out(target.substr(0, question + 1));
  std::string_view query = target.substr(question + 1);
  for (bool first = true; first || !query.empty(); first = false) {
    const size_t amp = query.find('&');
    const std::string_view pair = query.substr(0, amp);
    query = amp == std::string_view::npos ? std::string_view() : query.substr(amp + 1);
    const size_t equals = pair.find('=');
    const std::string_view raw_name = pair.substr(0, equals);
    // Names may arrive percent-encoded; what cannot be decoded is compared as it is.
    const std::string name = percent_decode(raw_name, true).value_or(std::string(raw_name));
    bool secret = false;
    for (const std::string_view s : secrets) secret = secret || equals_ignore_case(name, s);
    if (!first) out += '&';
    out += raw_name;
    if (equals != std::string_view::npos) out += secret ? "=[redacted]" : pair.substr(equals);
    if (amp == std::string_view::npos) break;
  }
  return out;
}

}  // namespace patchbay::log
