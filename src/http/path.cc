#include "http/path.h"

#include "base/bytes.h"

namespace patchbay::http {
namespace {

auto refuse(std::string_view what) {
  return fail(ErrorCode::kBadRequest, std::string(what));
}

// Nothing to decode or remove; ASCII without control characters.
bool is_plain(std::string_view path) {
  char before = 0;
  for (const char c : path) {
    if (c <= ' ' || c == 0x7f || c == '%' || c == '\\' || (c == '.' && before == '/')) return false;
    before = c;
  }
  return true;
}

}  // namespace

Result<std::string> normalize_path(std::string_view raw) {
  if (raw.empty()) return "/";
  if (raw.front() != '/') return refuse("The path of the URL must start with '/'.");
  if (is_plain(raw)) return std::string(raw);

  std::string out;
  out.reserve(raw.size());
  while (!raw.empty()) {
    raw.remove_prefix(1);  // the '/'
    const size_t end = raw.find('/');
    const std::string_view spelled = raw.substr(0, end);
    const bool last = end == std::string_view::npos;
    raw = last ? std::string_view() : raw.substr(end);

    const auto segment = percent_decode(spelled, /*plus_is_space=*/false);
    if (!segment) return refuse("The path of the URL has a broken escape: '%' needs two hexadecimal digits.");
    for (const char c : *segment) {
      if (c == '/' || c == '\\') return refuse("The path of the URL holds an encoded '/' or a '\\'.");
      if (static_cast<uint8_t>(c) < 0x20 || c == 0x7f)
        return refuse("The path of the URL holds a control character.");
    }
    if (*segment == "." || *segment == "..") {
      if (segment->size() == 2) {
        if (out.empty()) return refuse("The path of the URL leaves the root with '..'.");
        out.erase(out.rfind('/'));
      }
      if (last) out += '/';
      continue;
    }
    out += '/';
    out += *segment;
  }
  if (!is_valid_utf8(out)) return refuse("The path of the URL is not UTF-8.");
  return out;
}

}  // namespace patchbay::http
