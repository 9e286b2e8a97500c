// Structured log lines: an event in a few words, then fields. Thread-safe; they go to standard error, unless
// the program wants them elsewhere.
//   log::info("instance connected", {{"instance", id}, {"took_ms", 12}});
// Secrets never go in: pass ids and lengths. At the default level (info) nothing is logged per message.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace patchbay::log {

enum class Level { kDebug, kInfo, kWarning, kError };
enum class Format { kText, kJson };

struct Field {
  using Value = std::variant<std::string_view, int64_t, uint64_t, double, bool>;
  std::string_view name;
  Value value;

  Field(std::string_view n, std::string_view v) : name(n), value(v) {}
  Field(std::string_view n, const std::string& v) : name(n), value(std::string_view(v)) {}
  Field(std::string_view n, const char* v) : name(n), value(std::string_view(v)) {}
  Field(std::string_view n, bool v) : name(n), value(v) {}
  Field(std::string_view n, double v) : name(n), value(v) {}
  Field(std::string_view n, int v) : name(n), value(static_cast<int64_t>(v)) {}
  Field(std::string_view n, int64_t v) : name(n), value(v) {}
  Field(std::string_view n, uint64_t v) : name(n), value(v) {}
};
using Fields = std::initializer_list<Field>;

// Call once, before threads start. Unknown names of levels are refused by the caller's configuration.
void configure(Level level, Format format);
// Where lines go instead of standard error, each without its line end, on the thread that logs: `sink` is
// thread-safe, quick, and logs nothing itself. Call once, before threads start.
using Sink = std::function<void(Level, std::string_view line)>;
void set_sink(Sink sink);
bool enabled(Level level);
void write(Level level, std::string_view event, Fields fields = {});
// Everything written so far is on its way to the kernel.
void flush();

inline void debug(std::string_view event, Fields fields = {}) {
  if (enabled(Level::kDebug)) write(Level::kDebug, event, fields);
}
inline void info(std::string_view event, Fields fields = {}) {
  write(Level::kInfo, event, fields);
}
inline void warning(std::string_view event, Fields fields = {}) {
  write(Level::kWarning, event, fields);
}
inline void error(std::string_view event, Fields fields = {}) {
  write(Level::kError, event, fields);
}

// `target` (path and query of a URL) with the values of `token`, `apiKey`, `api_key`, `access_token`,
// `authorization`, `password` and `secret` replaced by "[redacted]". For access logs.
std::string redact_target(std::string_view target);

}  // namespace patchbay::log
