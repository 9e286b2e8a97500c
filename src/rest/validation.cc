#include "rest/validation.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <utility>

#include <boost/json.hpp>

namespace patchbay::rest {
namespace {

namespace json = boost::json;

constexpr size_t kMaxEchoedBytes = 256;
// A body of garbage yields this many failures at most.
constexpr size_t kMaxFailures = 64;

bool is_secret_name(std::string_view name) {
  static constexpr std::string_view kSecrets[] = {"password", "currentPassword", "newPassword", "secret",
                                                  "token"};
  return std::ranges::find(kSecrets, name) != std::end(kSecrets);
}

std::string_view cut_at_character(std::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  size_t end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

// Empty when the value is too large to be worth repeating.
std::string echo(const json::value& value) {
  if (value.is_string()) {
    const std::string_view text = value.get_string();
    const std::string_view head = cut_at_character(text, kMaxEchoedBytes);
    if (head.size() == text.size()) return json::serialize(value);
    return json::serialize(json::value(std::string(head) + "…"));
  }
  if (value.is_structured()) {
    const size_t members = value.is_object() ? value.get_object().size() : value.get_array().size();
    if (members > 16) return {};
  }
  std::string text = json::serialize(value);
  return text.size() <= kMaxEchoedBytes ? text : std::string();
}

size_t count_characters(std::string_view utf8) {
  return static_cast<size_t>(
      std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

template <typename T>
std::optional<T> parse_number(std::string_view text) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

std::optional<double> as_number(const json::value& value) {
  std::optional<double> number;
  if (value.is_number()) number = value.to_number<double>();
  if (value.is_string()) number = parse_number<double>(std::string_view(value.get_string()));
  return number && std::isfinite(*number) ? number : std::nullopt;
}

// Whole numbers exactly; a double such as 5.0 or "5e1" counts when it is whole.
std::optional<int64_t> as_integer(const json::value& value) {
  if (value.is_int64()) return value.get_int64();
  if (value.is_string()) {
    if (const auto exact = parse_number<int64_t>(std::string_view(value.get_string()))) return exact;
  }
  const std::optional<double> number = as_number(value);
  constexpr double kExact = 9'007'199'254'740'992.0;  // 2^53
  if (!number || std::trunc(*number) != *number || std::abs(*number) > kExact) return std::nullopt;
  return static_cast<int64_t>(*number);
}

std::string bounds(const TextRule& rule) {
  if (rule.min_characters == rule.max_characters) {
    return "must have " + std::to_string(rule.min_characters) + " characters";
  }
  return "must have " + std::to_string(rule.min_characters) + " to " + std::to_string(rule.max_characters) +
         " characters";
}

}  // namespace

FieldReader::FieldReader(const json::object& input)
    : input_(&input), failures_(std::make_shared<std::vector<FieldError>>()) {}

FieldReader::FieldReader(const json::object& input, std::string prefix,
                         std::shared_ptr<std::vector<FieldError>> failures)
    : input_(&input), prefix_(std::move(prefix)), failures_(std::move(failures)) {}

bool FieldReader::has(std::string_view name) const {
  return input_->if_contains(name) != nullptr;
}

bool FieldReader::is_null(std::string_view name) const {
  const json::value* value = input_->if_contains(name);
  return value && value->is_null();
}

void FieldReader::refuse(std::string_view name, std::string message, bool secret) {
  if (failures_->size() >= kMaxFailures) return;
  FieldError failure{prefix_ + std::string(name), std::move(message), {}};
  const json::value* value = input_->if_contains(name);
  if (value && !secret && !is_secret_name(name)) failure.value_json = echo(*value);
  failures_->push_back(std::move(failure));
}

const json::value* FieldReader::find(std::string_view name, Presence presence) {
  const json::value* value = input_->if_contains(name);
  if (!value && presence == Presence::kRequired) refuse(name, "is required");
  return value;
}

std::optional<std::string> FieldReader::text(std::string_view name, const TextRule& rule) {
  const json::value* value = find(name, rule.presence);
  if (!value) return std::nullopt;
  if (!value->is_string()) {
    refuse(name, "must be a string", rule.secret);
    return std::nullopt;
  }
  const std::string_view text = value->get_string();
  const size_t characters = count_characters(text);
  if (characters < rule.min_characters || characters > rule.max_characters) {
    refuse(name, bounds(rule), rule.secret);
    return std::nullopt;
  }
  const auto refused = [&](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return rule.multiline ? byte == 0 : byte < 0x20 || byte == 0x7F;
  };
  if (std::ranges::any_of(text, refused)) {
    refuse(name, "must not contain control characters", rule.secret);
    return std::nullopt;
  }
  return std::string(text);
}

std::optional<std::string> FieldReader::email(std::string_view name, Presence presence) {
  std::optional<std::string> address = text(name, {.presence = presence, .max_characters = 254});
  if (!address) return std::nullopt;
  if (address->size() > 254 || !looks_like_email(*address)) {
    refuse(name, "must be an e-mail address such as name@example.com");
    return std::nullopt;
  }
  return address;
}

std::optional<int64_t> FieldReader::integer(std::string_view name, const IntegerRule& rule) {
  const json::value* value = find(name, rule.presence);
  if (!value) return std::nullopt;
  const std::optional<int64_t> number = as_integer(*value);
  if (!number) {
    refuse(name, "must be a whole number");
    return std::nullopt;
  }
  if (*number < rule.min || *number > rule.max) {
    refuse(name, rule.max == INT64_MAX
                     ? "must be at least " + std::to_string(rule.min)
                     : "must be between " + std::to_string(rule.min) + " and " + std::to_string(rule.max));
    return std::nullopt;
  }
  return number;
}

std::optional<bool> FieldReader::boolean(std::string_view name) {
  const json::value* value = find(name, Presence::kOptional);
  if (!value) return std::nullopt;
  if (value->is_bool()) return value->get_bool();
  if (value->is_string() && value->get_string() == "true") return true;
  if (value->is_string() && value->get_string() == "false") return false;
  refuse(name, "must be true or false");
  return std::nullopt;
}

std::optional<std::string_view> FieldReader::choice(std::string_view name,
                                                    std::span<const std::string_view> choices,
                                                    Presence presence) {
  const json::value* value = find(name, presence);
  if (!value) return std::nullopt;
  if (value->is_string()) {
    const auto found = std::ranges::find(choices, std::string_view(value->get_string()));
    if (found != choices.end()) return *found;
  }
  std::string message = "must be one of ";
  for (const std::string_view option : choices) {
    if (option != choices.front()) message += ", ";
    message += option;
  }
  refuse(name, std::move(message));
  return std::nullopt;
}

std::optional<WallTime> FieldReader::time_after(std::string_view name, WallTime after) {
  const json::value* value = find(name, Presence::kOptional);
  if (!value) return std::nullopt;
  const auto time = value->is_string() ? parse_iso8601(std::string_view(value->get_string())) : std::nullopt;
  if (!time) {
    refuse(name, "must be a time in ISO 8601 form such as 2030-01-31T12:00:00.000Z");
    return std::nullopt;
  }
  if (*time <= after) {
    refuse(name, "must be in the future");
    return std::nullopt;
  }
  return time;
}

std::optional<FieldReader> FieldReader::object(std::string_view name) {
  const json::value* value = find(name, Presence::kOptional);
  if (!value) return std::nullopt;
  if (!value->is_object()) {
    refuse(name, "must be an object");
    return std::nullopt;
  }
  return FieldReader(value->get_object(), prefix_ + std::string(name) + ".", failures_);
}

Outcome<void> FieldReader::finish() const {
  if (failures_->empty()) return {};
  return refuse_fields(*failures_);
}

json::object query_object(const http::Request& request, std::initializer_list<std::string_view> names) {
  json::object result;
  for (const std::string_view name : names) {
    if (auto value = request.query_parameter(name)) result[name] = *value;
  }
  return result;
}

std::optional<WallTime> parse_iso8601(std::string_view text) {
  const auto number = [&text](size_t digits) -> std::optional<int> {
    if (text.size() < digits ||
        !std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(digits), is_digit))
      return std::nullopt;
    const auto value = parse_number<int>(text.substr(0, digits));
    text.remove_prefix(digits);
    return value;
  };
  const auto take = [&text](char c) {
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    return true;
  };

  const auto year = number(4);
  if (!year || !take('-')) return std::nullopt;
  const auto month = number(2);
  if (!month || !take('-')) return std::nullopt;
  const auto day = number(2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  WallTime time = std::chrono::sys_days(date);
  if (text.empty()) return time;
  if (!take('T') && !take('t') && !take(' ')) return std::nullopt;

  const auto hour = number(2);
  if (!hour || *hour > 23 || !take(':')) return std::nullopt;
  const auto minute = number(2);
  if (!minute || *minute > 59) return std::nullopt;
  time += std::chrono::hours(*hour) + std::chrono::minutes(*minute);
  if (take(':')) {
    const auto second = number(2);
    if (!second || *second > 60) return std::nullopt;
    time += std::chrono::seconds(*second);
    if (take('.')) {
      int scale = 100;
      size_t digits = 0;
      for (; !text.empty() && is_digit(text.front()); ++digits, scale /= 10, text.remove_prefix(1)) {
        time += Milliseconds(scale * (text.front() - '0'));
      }
      if (digits == 0 || digits > 9) return std::nullopt;
    }
  }
  if (text.empty() || text == "Z" || text == "z") return time;
  const bool east = text.front() == '+';
  if (!take('+') && !take('-')) return std::nullopt;
  const auto zone_hours = number(2);
  take(':');
  const auto zone_minutes = number(2);
  if (!zone_hours || !zone_minutes || *zone_hours > 23 || *zone_minutes > 59 || !text.empty())
    return std::nullopt;
  const auto offset = std::chrono::hours(*zone_hours) + std::chrono::minutes(*zone_minutes);
  return east ? time - offset : time + offset;
}

bool looks_like_email(std::string_view text) {
  const size_t at = text.find('@');
  if (at == std::string_view::npos || at == 0 || at > 64) return false;
  const std::string_view local = text.substr(0, at);
  std::string_view domain = text.substr(at + 1);
  constexpr std::string_view kLocalSymbols = "!#$%&'*+-/=?^_`{|}~.";
  const auto local_ok = [&](char c) {
    return is_letter(c) || is_digit(c) || kLocalSymbols.contains(c) || static_cast<unsigned char>(c) >= 0x80;
  };
  if (!std::ranges::all_of(local, local_ok)) return false;
  if (local.starts_with('.') || local.ends_with('.') || local.contains("..")) return false;

  size_t labels = 0;
  std::string_view last;
  while (true) {
    const std::string_view label = domain.substr(0, domain.find('.'));
    const auto label_ok = [](char c) {
      return is_letter(c) || is_digit(c) || c == '-' || static_cast<unsigned char>(c) >= 0x80;
    };
    if (label.empty() || label.size() > 63 || label.starts_with('-') || label.ends_with('-')) return false;
    if (!std::ranges::all_of(label, label_ok)) return false;
    ++labels;
    last = label;
    if (label.size() == domain.size()) break;
    domain.remove_prefix(label.size() + 1);
  }
  const bool ends_in_letters = last.starts_with("xn--") || std::ranges::none_of(last, is_digit);
  return labels >= 2 && last.size() >= 2 && ends_in_letters;
}

}  // namespace patchbay::rest
