#include "manager/text_rules.h"

#include <algorithm>

#include "base/bytes.h"

namespace patchbay::manager {
namespace {

constexpr size_t kMaxEmailBytes = 254;  // RFC 5321 §4.5.3.1.3
constexpr size_t kMaxLocalBytes = 64;   // RFC 5321 §4.5.3.1.1
constexpr size_t kMaxLabelBytes = 63;   // RFC 1035 §2.3.4
constexpr size_t kMaxPasswordCharacters = 128;

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::kValidation, std::move(message));
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// RFC 5322 dot-atom, ASCII.
bool is_local_part(std::string_view text) {
  constexpr std::string_view kSpecial = "!#$%&'*+-/=?^_`{|}~.";
  if (text.empty() || text.size() > kMaxLocalBytes || text.front() == '.' || text.back() == '.') return false;
  if (text.find("..") != std::string_view::npos) return false;
  return std::ranges::all_of(
      text, [&](char c) { return is_alphanumeric(c) || kSpecial.find(c) != std::string_view::npos; });
}

bool is_label(std::string_view text) {
  return !text.empty() && text.size() <= kMaxLabelBytes && text.front() != '-' && text.back() != '-' &&
         std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '-'; });
}

// At least two labels, the last of at least two letters (or punycode).
bool is_domain(std::string_view text) {
  size_t labels = 0;
  std::string_view last;
  while (true) {
    const size_t dot = text.find('.');
    last = text.substr(0, dot);
    if (!is_label(last)) return false;
    ++labels;
    if (dot == std::string_view::npos) break;
    text.remove_prefix(dot + 1);
  }
  return labels >= 2 && last.size() >= 2 &&
         !std::ranges::all_of(last, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

size_t count_characters(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

Result<std::string> clean_name(std::string_view text, std::string_view field, size_t least, size_t most) {
  const std::string complaint = std::string(field) + " must have " + std::to_string(least) + " to " +
                                std::to_string(most) + " characters.";
  if (!is_valid_utf8(text)) return refuse(std::string(field) + " must be valid UTF-8.");
  std::string cleaned;
  for (const char c : text)
    if (c != '<' && c != '>' && static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) cleaned += c;
  cleaned = std::string(trimmed(cleaned));
  const size_t characters = count_characters(cleaned);
  if (characters < least || characters > most) return refuse(complaint);
  return cleaned;
}

Result<std::string> clean_email(std::string_view text) {
  text = trimmed(text);
  const size_t at = text.rfind('@');
  if (text.size() > kMaxEmailBytes || at == std::string_view::npos || !is_local_part(text.substr(0, at)) ||
      !is_domain(text.substr(at + 1)))
    return refuse("email must be an e-mail address, like name@example.com.");
  std::string email(text);
  for (char& c : email)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return email;
}

Status check_password(std::string_view text, std::string_view field, size_t least) {
  if (!is_valid_utf8(text)) return refuse(std::string(field) + " must be valid UTF-8.");
  const size_t characters = count_characters(text);
  if (characters < least || characters > kMaxPasswordCharacters)
    return refuse(std::string(field) + " must have " + std::to_string(least) + " to 128 characters.");
  return {};
}

Status check_instance_name(std::string_view name) {
  const bool valid = name.size() >= 3 && name.size() <= 50 && std::ranges::all_of(name, [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                              c == '-' || c == '_';
                     });
  if (valid) return {};
  return fail(ErrorCode::kValidation, "name must be 3 to 50 letters, digits, '-' or '_'.");
}

}  // namespace patchbay::manager
