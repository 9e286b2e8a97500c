#include "websocket/deflate_extension.h"

#include <algorithm>

#include "http/header_value.h"

namespace patchbay::websocket {
namespace {

constexpr std::string_view kName = "permessage-deflate";

// Reads the header's elements from the left.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool at_end() {
    skip_blanks();
    return rest_.empty();
  }
  bool take(char c) {
    skip_blanks();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Empty when there is none.
  std::string_view token() {
    skip_blanks();
    size_t size = 0;
    while (size < rest_.size() && http::is_token(rest_.substr(size, 1))) ++size;
    const std::string_view found = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return found;
  }
  // A token, or a quoted string whose content is one.
  std::optional<std::string> value() {
    if (!take('"')) {
      const std::string_view plain = token();
      return plain.empty() ? std::nullopt : std::optional<std::string>(plain);
    }
    std::string content;
    while (!rest_.empty() && rest_.front() != '"') {
      if (rest_.front() == '\\') rest_.remove_prefix(1);
      if (rest_.empty()) return std::nullopt;
      content += rest_.front();
      rest_.remove_prefix(1);
    }
    if (!take('"') || !http::is_token(content)) return std::nullopt;
    return content;
  }

 private:
  void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size())); }
  std::string_view rest_;
};

// 8 to 15, in decimal, without a leading zero (§7.1.2).
std::optional<uint8_t> window_bits(const std::optional<std::string>& value) {
  if (!value) return std::nullopt;
  for (unsigned bits = kMinWindowBits; bits <= kMaxWindowBits; ++bits)
    if (*value == std::to_string(bits)) return static_cast<uint8_t>(bits);
  return std::nullopt;
}

// The parameters of one permessage-deflate element.
struct Parameters {
  bool server_no_context_takeover = false;
  bool client_no_context_takeover = false;
  std::optional<uint8_t> server_max_window_bits;
  bool client_max_window_bits_named = false;
  std::optional<uint8_t> client_max_window_bits;
};

// Nothing when one is unknown, repeated or wrong.
std::optional<Parameters> read_parameters(const Extension& extension) {
  Parameters read;
  for (const auto& [name, value] : extension.parameters) {
    if (name == "server_no_context_takeover" && !value && !read.server_no_context_takeover) {
      read.server_no_context_takeover = true;
    } else if (name == "client_no_context_takeover" && !value && !read.client_no_context_takeover) {
      read.client_no_context_takeover = true;
    } else if (name == "server_max_window_bits" && window_bits(value) && !read.server_max_window_bits) {
      read.server_max_window_bits = window_bits(value);
    } else if (name == "client_max_window_bits" && (!value || window_bits(value)) &&
               !read.client_max_window_bits_named) {
      read.client_max_window_bits_named = true;
      read.client_max_window_bits = window_bits(value);
    } else {
      return std::nullopt;
    }
  }
  return read;
}

}  // namespace

std::optional<std::vector<Extension>> parse_extensions(std::string_view header) {
  std::vector<Extension> extensions;
  size_t parameters = 0;
  Reader reader(header);
  while (!reader.at_end()) {
    if (reader.take(',')) continue;  // empty elements, as every list of HTTP may have
    Extension extension{.name = std::string(reader.token()), .parameters = {}};
    if (extension.name.empty() || extensions.size() == kMaxExtensions) return std::nullopt;
    while (reader.take(';')) {
      Extension::Parameter parameter{.name = std::string(reader.token()), .value = {}};
      if (parameter.name.empty() || ++parameters > kMaxExtensionParameters) return std::nullopt;
      if (reader.take('=')) {
        parameter.value = reader.value();
        if (!parameter.value) return std::nullopt;
      }
      extension.parameters.push_back(std::move(parameter));
    }
    extensions.push_back(std::move(extension));
    if (!reader.at_end() && !reader.take(',')) return std::nullopt;
  }
  if (extensions.empty()) return std::nullopt;
  return extensions;
}

std::expected<DeflateAnswer, std::string> answer_deflate_offer(std::string_view header,
                                                               const DeflateOptions& options) {
  const auto extensions = parse_extensions(header);
  if (!extensions)
    return std::unexpected(
        "Sec-WebSocket-Extensions must be a list of names with parameters, for instance 'permessage-deflate; "
        "client_max_window_bits', of at most " +
        std::to_string(kMaxExtensions) + " extensions.");
  for (const Extension& extension : *extensions) {
    const auto offered = extension.name == kName ? read_parameters(extension) : std::nullopt;
    if (!offered) continue;
    DeflateAnswer answer;
    const auto ours =
        static_cast<uint8_t>(std::clamp(options.window_bits, int{kMinSendWindowBits}, int{kMaxWindowBits}));
    answer.agreement.send_window_bits = std::min(ours, offered->server_max_window_bits.value_or(ours));
    answer.header = std::string(kName) + "; server_no_context_takeover; client_no_context_takeover";
    if (offered->server_max_window_bits)
      answer.header += "; server_max_window_bits=" + std::to_string(answer.agreement.send_window_bits);
    return answer;
  }
  return DeflateAnswer();
}

std::string_view deflate_offer() {
  return "permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits";
}

std::expected<DeflateAgreement, std::string> check_deflate_answer(std::string_view header) {
  const auto extensions = parse_extensions(header);
  if (!extensions || extensions->size() != 1 || extensions->front().name != kName)
    return std::unexpected("the server agreed on an extension that was not offered");
  const auto agreed = read_parameters(extensions->front());
  if (!agreed || (agreed->client_max_window_bits_named && !agreed->client_max_window_bits))
    return std::unexpected("the server answered permessage-deflate with parameters that make no sense");
  if (!agreed->server_no_context_takeover)
    return std::unexpected("the server did not agree to compress without context takeover");
  return DeflateAgreement{.send_window_bits =
                              agreed->client_max_window_bits.value_or(static_cast<uint8_t>(kMaxWindowBits))};
}

}  // namespace patchbay::websocket
