#include "http/response_parser.h"

#include <algorithm>
#include <cstring>

#include "base/bytes.h"
#include "http/characters.h"
#include "http/framing.h"
#include "http/header_value.h"

namespace patchbay::http {
void ResponseParser::fail(std::string message) {
  state_ = State::kError;
  error_ = std::move(message);
  keep_alive_ = false;
  line_ = std::string();
}

void ResponseParser::body_too_large() {
  fail("the body of the answer is larger than " + std::to_string(limits_.max_body_bytes) + " bytes");
}

size_t ResponseParser::feed(std::string_view bytes) {
  size_t taken = 0;
  if (!bytes.empty() && state_ == State::kNeedMore) started_ = true;
  while (state_ == State::kNeedMore && taken < bytes.size()) {
    const std::string_view rest = bytes.substr(taken);
    const bool in_body = step_ == Step::kBody || step_ == Step::kChunkData || step_ == Step::kUntilEnd;
    taken += in_body ? feed_body(rest) : feed_line(rest);
  }
  return taken;
}

void ResponseParser::finish() {
  if (state_ != State::kNeedMore) return;
  if (step_ == Step::kUntilEnd) return complete();
  fail(started_ ? "the connection ended in the middle of the answer"
                : "the connection ended before the answer");
}

// --- Lines ------------------------------------------------------------------------------------------------

size_t ResponseParser::feed_line(std::string_view bytes) {
  const void* const found = std::memchr(bytes.data(), '\n', bytes.size());
  const size_t taken = found == nullptr
                           ? bytes.size()
                           : static_cast<size_t>(static_cast<const char*>(found) - bytes.data()) + 1;
  // The digits of a chunk's size are free, and so is the line end behind a chunk: there may be many.
  const size_t length = line_.size() + taken;
  const size_t free = step_ == Step::kChunkSize ? kMaxChunkDigits + 2 : step_ == Step::kChunkEnd ? 2 : 0;
  if (step_ == Step::kChunkEnd && length > 2) {
    fail("a chunk of the answer is longer than its size says");
    return taken;
  }
  if (length > limits_.max_header_bytes - header_bytes_ + free) {
    fail("the headers of the answer are larger than " + std::to_string(limits_.max_header_bytes) + " bytes");
    return taken;
  }
  if (found == nullptr) {
    line_ += bytes;
    return taken;
  }
  line_ += bytes.substr(0, taken);
  const std::string line = std::exchange(line_, {});
  if (line.size() < 2 || line[line.size() - 2] != '\r') {
    fail("a line of the answer ends without a carriage return");
    return taken;
  }
  if (step_ != Step::kChunkSize && step_ != Step::kChunkEnd) header_bytes_ += line.size();
  on_line(std::string_view(line).substr(0, line.size() - 2));
  return taken;
}

void ResponseParser::on_line(std::string_view line) {
  switch (step_) {
    case Step::kStatusLine:
      return on_status_line(line);
    case Step::kHeaders:
      return line.empty() ? on_headers_end() : on_header_line(line);
    case Step::kChunkSize:
      return on_chunk_size_line(line);
    case Step::kChunkEnd:
      step_ = Step::kChunkSize;
      return;
    case Step::kTrailers:
      return line.empty() ? complete() : on_header_line(line);
    default:
      return;
  }
}

// RFC 9112 §4. The reason phrase is read over.
void ResponseParser::on_status_line(std::string_view line) {
  const bool known = line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.0 ");
  if (!known) return fail("the answer is not HTTP/1.1");
  version_1_1_ = line[7] == '1';
  const std::string_view rest = line.substr(9);
  if (rest.size() < 3 || !is_digit(rest[0]) || !is_digit(rest[1]) || !is_digit(rest[2]) ||
      (rest.size() > 3 && rest[3] != ' ') || !is_field_value(rest))
    return fail("the first line of the answer has no status of three digits");
  response_.status = (rest[0] - '0') * 100 + (rest[1] - '0') * 10 + (rest[2] - '0');
  if (response_.status < 100 || response_.status > 599) return fail("the status of the answer is none");
  step_ = Step::kHeaders;
}

// --- Headers (RFC 9112 §5) --------------------------------------------------------------------------------

void ResponseParser::on_header_line(std::string_view line) {
  if (++header_count_ > limits_.max_headers)
    return fail("the answer has more than " + std::to_string(limits_.max_headers) + " headers");
  if (line.front() == ' ' || line.front() == '\t')
    return fail("a header of the answer continues on a second line");
  const size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  if (colon == std::string_view::npos || !is_token(name))
    return fail("a header of the answer has no proper name");
  const std::string_view value = trim(line.substr(colon + 1));
  if (!is_field_value(value)) return fail("the value of a header of the answer holds a control character");
  if (step_ == Step::kTrailers) return;
  auto& [stored_name, stored_value] = response_.headers.emplace_back(name, value);
  for (char& c : stored_name) c = token_lower(c);
  on_framing_header(stored_name, stored_value);
}

void ResponseParser::on_framing_header(std::string_view name, std::string_view value) {
  if (name == "connection") {
    connection_close_ |= list_contains(value, "close");
    connection_keep_alive_ |= list_contains(value, "keep-alive");
  } else if (name == "content-length") {
    const auto length = parse_content_length(value);
    if (!length) return fail("Content-Length of the answer must be one number, digits only");
    if (has_content_length_ && *length != remaining_)
      return fail("the answer has Content-Length headers that differ");
    has_content_length_ = true;
    remaining_ = *length;
  } else if (name == "transfer-encoding") {
    if (chunked_ || !equals_ignore_case(value, "chunked"))
      return fail("the only Transfer-Encoding understood is one 'chunked'");
    chunked_ = true;
  }
}

// RFC 9112 §6.3.
void ResponseParser::on_headers_end() {
  const int status = response_.status;
  if (status < 200 && status != 101) {
    response_ = {};
    remaining_ = 0;
    has_content_length_ = chunked_ = connection_close_ = connection_keep_alive_ = false;
    step_ = Step::kStatusLine;
    return;
  }
  if (chunked_ && !version_1_1_) return fail("Transfer-Encoding came with HTTP/1.0, which has none");
  if (chunked_ && has_content_length_)
    return fail("the answer has both Transfer-Encoding and Content-Length");
  keep_alive_ = !connection_close_ && (version_1_1_ || connection_keep_alive_) && status != 101;
  if (head_ || status == 101 || status == 204 || status == 304) return complete();
  if (chunked_) {
    step_ = Step::kChunkSize;
  } else if (!has_content_length_) {
    keep_alive_ = false;
    step_ = Step::kUntilEnd;
  } else if (remaining_ > limits_.max_body_bytes) {
    body_too_large();
  } else if (remaining_ == 0) {
    complete();
  } else {
    step_ = Step::kBody;
  }
}

// --- Body (RFC 9112 §§6, 7) -------------------------------------------------------------------------------

size_t ResponseParser::feed_body(std::string_view bytes) {
  if (step_ == Step::kUntilEnd) {
    if (bytes.size() > limits_.max_body_bytes - response_.body.size()) {
      body_too_large();
    } else {
      response_.body += bytes;
    }
    return bytes.size();
  }
  const size_t size = take_body(response_.body, bytes, remaining_);
  if (remaining_ > 0) return size;
  if (step_ == Step::kChunkData) {
    step_ = Step::kChunkEnd;
  } else {
    complete();
  }
  return size;
}

void ResponseParser::on_chunk_size_line(std::string_view line) {
  const ChunkLine chunk = parse_chunk_line(line);
  if (chunk.verdict == ChunkLine::Verdict::kTooManyDigits)
    return fail("the size of a chunk of the answer has too many digits");
  if (chunk.verdict == ChunkLine::Verdict::kMalformed)
    return fail("the size of a chunk of the answer is no hexadecimal number");
  if (chunk.extensions.size() > limits_.max_header_bytes - header_bytes_)
    return fail("the headers of the answer are larger than " + std::to_string(limits_.max_header_bytes) +
                " bytes");
  header_bytes_ += chunk.extensions.size();
  if (chunk.size == 0) {
    step_ = Step::kTrailers;
  } else if (chunk.size > limits_.max_body_bytes - response_.body.size()) {
    body_too_large();
  } else {
    remaining_ = chunk.size;
    step_ = Step::kChunkData;
  }
}

}  // namespace patchbay::http
