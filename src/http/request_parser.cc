#include "http/request_parser.h"

#include <algorithm>
#include <cstring>

#include "base/bytes.h"
#include "base/error_code.h"
#include "http/characters.h"
#include "http/framing.h"
#include "http/header_value.h"
#include "http/path.h"

namespace patchbay::http {
namespace {

// The method, two spaces and the version beside the target.
constexpr size_t kRequestLineExtra = 64;
Method parse_method(std::string_view text) {
  switch (text.size()) {
    case 3:
      if (text == "GET") return Method::kGet;
      if (text == "PUT") return Method::kPut;
      break;
    case 4:
      if (text == "POST") return Method::kPost;
      if (text == "HEAD") return Method::kHead;
      break;
    case 5:
      if (text == "PATCH") return Method::kPatch;
      break;
    case 6:
      if (text == "DELETE") return Method::kDelete;
      break;
    case 7:
      if (text == "OPTIONS") return Method::kOptions;
      break;
    default:
      break;
  }
  return Method::kOther;
}

// The predicate is a template argument, so that it is inlined.
template <bool (*predicate)(char)>
bool all_of(std::string_view text) {
  for (const char c : text)
    if (!predicate(c)) return false;
  return true;
}

}  // namespace

void RequestParser::reset() {
  request_ = Request();
  line_.clear();
  problem_ = Problem();
  remaining_ = 0;
  header_bytes_ = 0;
  header_count_ = 0;
  authority_.clear();
  state_ = State::kNeedMore;
  step_ = Step::kRequestLine;
  skipped_empty_line_ = false;
  has_host_ = false;
  has_content_length_ = false;
  chunked_ = false;
  expects_continue_ = false;
  keep_alive_ = true;
  connection_close_ = false;
  connection_keep_alive_ = false;
}

void RequestParser::fail(int status, std::string_view code, std::string message) {
  state_ = State::kError;
  problem_ = Problem{.status = status, .code = code, .message = std::move(message)};
  keep_alive_ = false;
  line_ = std::string();
}

void RequestParser::bad_request(std::string message) {
  fail(400, to_string(ErrorCode::kBadRequest), std::move(message));
}

size_t RequestParser::feed(std::string_view bytes) {
  size_t taken = 0;
  while (state_ == State::kNeedMore && taken < bytes.size()) {
    const std::string_view rest = bytes.substr(taken);
    taken += step_ == Step::kBody || step_ == Step::kChunkData ? feed_body(rest) : feed_line(rest);
  }
  return taken;
}

// --- Lines ------------------------------------------------------------------------------------------------

size_t RequestParser::feed_line(std::string_view bytes) {
  if (step_ == Step::kRequestLine && line_.empty() && !check_first_byte(bytes.front())) return 0;
  const void* const found = std::memchr(bytes.data(), '\n', bytes.size());
  if (found == nullptr) {
    if (check_line_length(line_.size() + bytes.size())) line_ += bytes;
    return bytes.size();
  }
  const size_t taken = static_cast<size_t>(static_cast<const char*>(found) - bytes.data()) + 1;
  if (!check_line_length(line_.size() + taken)) return taken;
  std::string joined;
  std::string_view line = bytes.substr(0, taken);
  if (!line_.empty()) {
    joined = std::move(line_) + std::string(line);
    line_.clear();
    line = joined;
  }
  if (line.size() < 2 || line[line.size() - 2] != '\r') {
    bad_request("A line of the request ends without a carriage return: lines end with CR LF.");
    return taken;
  }
  on_line(line.substr(0, line.size() - 2));
  return taken;
}

// What cannot be a method is refused before a whole line of it has come.
bool RequestParser::check_first_byte(char c) {
  if (is_token_character(c) || (c == '\r' && !skipped_empty_line_)) return true;
  bad_request(c == '\x16'
                  ? "This looks like TLS, but this port speaks plain HTTP: use http:// in the address."
                  : "This is not an HTTP/1.1 request.");
  return false;
}

// `length` counts what is there of a line, its end included.
bool RequestParser::check_line_length(size_t length) {
  if (step_ == Step::kRequestLine) {
    if (length <= limits_.max_target_bytes + kRequestLineExtra) return true;
    fail(414, to_string(ErrorCode::kUriTooLong),
         "The address of the request is longer than " + std::to_string(limits_.max_target_bytes) + " bytes.");
    return false;
  }
  if (step_ == Step::kChunkEnd) {
    if (length <= 2) return true;
    bad_request("A chunk of the body is longer than its size says.");
    return false;
  }
  // Not charged: the empty line that ends a section, and the digits of a chunk's size.
  const size_t free = step_ == Step::kChunkSize ? kMaxChunkDigits + 2 : 2;
  if (length <= limits_.max_header_bytes - header_bytes_ + free) return true;
  headers_too_large();
  return false;
}

bool RequestParser::spend_header_bytes(size_t count) {
  if (count > limits_.max_header_bytes - header_bytes_) {
    headers_too_large();
    return false;
  }
  header_bytes_ += count;
  return true;
}

void RequestParser::headers_too_large() {
  fail(431, to_string(ErrorCode::kHeadersTooLarge),
       "The headers of the request are larger than " + std::to_string(limits_.max_header_bytes) + " bytes.");
}

void RequestParser::on_line(std::string_view line) {
  switch (step_) {
    case Step::kRequestLine:
      if (!line.empty()) return on_request_line(line);
      // RFC 9112 §2.2: some old clients end a body with an empty line.
      if (skipped_empty_line_) return bad_request("The request starts with empty lines.");
      skipped_empty_line_ = true;
      return;
    case Step::kHeaders:
      if (line.empty()) return on_headers_end();
      return on_header_line(line);
    case Step::kChunkSize:
      return on_chunk_size_line(line);
    case Step::kChunkEnd:  // check_line_length() let nothing else pass
      step_ = Step::kChunkSize;
      return;
    case Step::kTrailers:
      if (!line.empty()) return on_header_line(line);
      step_ = Step::kDone;
      state_ = State::kComplete;
      return;
    default:
      return;
  }
}

// --- Request line (RFC 9112 §3) ---------------------------------------------------------------------------

void RequestParser::on_request_line(std::string_view line) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last || !is_token(line.substr(0, first)))
    return bad_request(
        "The first line of the request must be a method, an address and a version: 'GET / HTTP/1.1'.");
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (version == "HTTP/1.1") {
    request_.version_minor = 1;
  } else if (version == "HTTP/1.0") {
    request_.version_minor = 0;
  } else if (version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) &&
             version[6] == '.' && is_digit(version[7])) {
    return fail(505, to_string(ErrorCode::kBadRequest), "Only HTTP/1.1 and HTTP/1.0 are spoken here.");
  } else {
    return bad_request("The first line of the request must end with 'HTTP/1.1'.");
  }
  if (target.size() > limits_.max_target_bytes)
    return fail(
        414, to_string(ErrorCode::kUriTooLong),
        "The address of the request is longer than " + std::to_string(limits_.max_target_bytes) + " bytes.");
  if (method == "CONNECT") return bad_request("CONNECT is for proxies, and this server is none.");
  request_.method = parse_method(method);
  if (!set_target(target)) return;
  request_.headers.reserve(12);
  step_ = Step::kHeaders;
}

bool RequestParser::set_target(std::string_view target) {
  if (target.empty() || !all_of<is_target_character>(target)) {
    bad_request(
        "The address of the request holds a space, a control character or text that is not ASCII: "
        "percent-encode them.");
    return false;
  }
  if (target.find('#') != std::string_view::npos) {
    bad_request("The address of the request holds a fragment: leave out '#' and what follows.");
    return false;
  }
  request_.target = target;
  std::string_view rest = target;
  if (target == "*" && request_.method == Method::kOptions) {
    request_.path = "/";
    return true;
  }
  if (target.front() != '/') {  // absolute-form, as proxies send
    const size_t scheme = target.find("://");
    const std::string_view name = target.substr(0, scheme);
    if (scheme == std::string_view::npos ||
        !(equals_ignore_case(name, "http") || equals_ignore_case(name, "https"))) {
      bad_request("The address of the request must start with '/'.");
      return false;
    }
    rest = target.substr(scheme + 3);
    const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
    if (authority.empty() || !all_of<is_authority_character>(authority)) {
      bad_request("The address of the request names no valid host.");
      return false;
    }
    authority_ = authority;
    rest.remove_prefix(authority.size());
  }
  const size_t question = rest.find('?');
  if (question != std::string_view::npos) request_.query = rest.substr(question + 1);
  auto path = normalize_path(rest.substr(0, question));
  if (!path) {
    bad_request(std::move(path).error().message);
    return false;
  }
  request_.path = std::move(*path);
  return true;
}

// --- Headers (RFC 9112 §5) --------------------------------------------------------------------------------

namespace {

struct HeaderLine {
  std::string_view name;
  std::string_view value;
  const char* problem = nullptr;
};

HeaderLine split_header(std::string_view line) {
  if (line.front() == ' ' || line.front() == '\t')
    return {.name = {}, .value = {}, .problem = "A header continues on a second line: put it on one."};
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos)
    return {.name = {}, .value = {}, .problem = "A header has no colon after its name."};
  const HeaderLine header{.name = line.substr(0, colon), .value = trim(line.substr(colon + 1))};
  if (!is_token(header.name))
    return {.name = {},
            .value = {},
            .problem =
                "The name of a header is empty, or holds a space or another character "
                "that names must not have."};
  if (!is_field_value(header.value))
    return {.name = {}, .value = {}, .problem = "The value of a header holds a control character."};
  return header;
}

}  // namespace

void RequestParser::on_header_line(std::string_view line) {
  if (!spend_header_bytes(line.size() + 2)) return;
  if (++header_count_ > limits_.max_headers)
    return fail(431, to_string(ErrorCode::kHeadersTooLarge),
                "The request has more than " + std::to_string(limits_.max_headers) + " headers.");
  const HeaderLine header = split_header(line);
  if (header.problem != nullptr) return bad_request(header.problem);
  if (step_ == Step::kTrailers) return;  // checked, and then of no use to anybody
  auto& [name, value] = request_.headers.emplace_back(header.name, header.value);
  for (char& c : name) c = token_lower(c);
  on_framing_header(name, value);
}

// The headers that decide where this request ends and what becomes of the connection. RFC 9112 §§6, 9.3, 3.2.
void RequestParser::on_framing_header(std::string_view name, std::string_view value) {
  if (name == "host") {
    if (has_host_) return bad_request("The request has more than one Host header.");
    if (!all_of<is_authority_character>(value))
      return bad_request("The Host header is no name or address with a port.");
    has_host_ = true;
  } else if (name == "connection") {
    connection_close_ |= list_contains(value, "close");
    connection_keep_alive_ |= list_contains(value, "keep-alive");
  } else if (name == "content-length") {
    const auto length = parse_content_length(value);
    if (!length) return bad_request("Content-Length must be one number, digits only.");
    if (has_content_length_ && *length != remaining_)
      return bad_request("The request has several Content-Length headers that differ.");
    has_content_length_ = true;
    remaining_ = *length;
  } else if (name == "transfer-encoding") {
    if (chunked_) return bad_request("The request has more than one Transfer-Encoding header.");
    if (!equals_ignore_case(value, "chunked"))
      return fail(501, to_string(ErrorCode::kBadRequest),
                  "The only Transfer-Encoding understood here is 'chunked'.");
    chunked_ = true;
  } else if (name == "expect") {
    if (!equals_ignore_case(value, "100-continue"))
      return fail(417, to_string(ErrorCode::kBadRequest),
                  "The only expectation understood here is '100-continue'.");
    expects_continue_ = true;
  }
}

void RequestParser::on_headers_end() {
  const bool version_1_1 = request_.version_minor >= 1;
  if (version_1_1 && !has_host_)
    return bad_request("The request has no Host header, which HTTP/1.1 requires.");
  if (chunked_ && !version_1_1) return bad_request("Transfer-Encoding came with HTTP/1.0, which has none.");
  if (chunked_ && has_content_length_)
    return bad_request("The request has both Transfer-Encoding and Content-Length: send one of them.");
  if (!authority_.empty()) use_authority_as_host();
  keep_alive_ = !connection_close_ && (version_1_1 || connection_keep_alive_);
  if (!chunked_ && remaining_ > limits_.max_body_bytes) return body_too_large();
  expects_continue_ = expects_continue_ && version_1_1 && (chunked_ || remaining_ > 0);
  if (chunked_) {
    step_ = Step::kChunkSize;
  } else if (remaining_ > 0) {
    step_ = Step::kBody;
  } else {
    step_ = Step::kDone;
    state_ = State::kComplete;
  }
}

// RFC 9112 §3.2.2: what an absolute address says goes before Host.
void RequestParser::use_authority_as_host() {
  for (auto& [name, value] : request_.headers) {
    if (name != "host") continue;
    value = std::move(authority_);
    return;
  }
  request_.headers.emplace_back("host", std::move(authority_));
}

// --- Body (RFC 9112 §§6, 7) -------------------------------------------------------------------------------

void RequestParser::body_too_large() {
  fail(413, to_string(ErrorCode::kPayloadTooLarge),
       "The body of the request is larger than " + std::to_string(limits_.max_body_bytes) + " bytes.");
}

size_t RequestParser::feed_body(std::string_view bytes) {
  const size_t size = take_body(request_.body, bytes, remaining_);
  if (remaining_ > 0) return size;
  if (step_ == Step::kChunkData) {
    step_ = Step::kChunkEnd;
  } else {
    step_ = Step::kDone;
    state_ = State::kComplete;
  }
  return size;
}

void RequestParser::on_chunk_size_line(std::string_view line) {
  const ChunkLine chunk = parse_chunk_line(line);
  if (chunk.verdict == ChunkLine::Verdict::kTooManyDigits)
    return bad_request("The size of a chunk has more digits than any body needs.");
  if (chunk.verdict == ChunkLine::Verdict::kMalformed)
    return bad_request("The size of a chunk must be a hexadecimal number on a line of its own.");
  if (!spend_header_bytes(chunk.extensions.size())) return;
  if (chunk.size == 0) {
    step_ = Step::kTrailers;
  } else if (chunk.size > limits_.max_body_bytes - request_.body.size()) {
    body_too_large();
  } else {
    remaining_ = chunk.size;
    step_ = Step::kChunkData;
  }
}

}  // namespace patchbay::http
