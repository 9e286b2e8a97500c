// RFC 9112 read side of a server: bytes in, one request at a time out. No I/O, no clock; routing and answers
// are the caller's business. Strict: whatever two implementations could read differently (request smuggling)
// is refused, see docs/protocol/http.md. Memory follows the bytes that came, never the length that was
// announced. Shard-local.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "http/message.h"

namespace patchbay::http {

class RequestParser {
 public:
  struct Limits {
    // The request target; past it 414. The whole request line may have 64 bytes more.
    size_t max_target_bytes = 8 * 1024;
    // Header lines with their line ends, trailers and chunk extensions included; past it 431.
    size_t max_header_bytes = 32 * 1024;
    // Header and trailer lines; past it 431.
    size_t max_headers = 100;
    // Past it 413, from Content-Length before anything of the body is read, or as chunks add up.
    size_t max_body_bytes = 10 * 1024 * 1024;
  };

  enum class State : uint8_t { kNeedMore, kComplete, kError };

  // What to answer before closing: framing is lost after an error.
  struct Problem {
    int status = 0;
    std::string_view code;  // an ErrorCode's name, static
    std::string message;    // what was wrong and what to do; quotes nothing that could be a secret
  };

  explicit RequestParser(const Limits& limits) : limits_(limits) {}

  // Takes bytes up to the end of one request and returns how many it took; the rest is the caller's to keep.
  // Takes nothing when complete or in error.
  size_t feed(std::string_view bytes);

  State state() const { return state_; }
  // With kError.
  const Problem& error() const { return problem_; }
  // The header section has been read and accepted; stays true until reset().
  bool headers_complete() const { return step_ >= Step::kBody; }
  // After headers_complete(): the client waits for "100 Continue" before it sends its body.
  bool expects_continue() const { return expects_continue_; }
  // After headers_complete(): the connection may carry another request (RFC 9112 §9.3).
  bool keep_alive() const { return keep_alive_; }
  // With kComplete. remote_address and secure are left to the caller.
  Request take_request() { return std::move(request_); }
  // The request as far as it is known; whole headers after headers_complete().
  const Request& request() const { return request_; }

  // Ready for the next request of the same connection.
  void reset();

 private:
  // In order: everything from kBody on has its headers complete.
  enum class Step : uint8_t {
    kRequestLine,
    kHeaders,
    kBody,       // Content-Length bytes
    kChunkSize,  // the line before a chunk
    kChunkData,
    kChunkEnd,  // the line end after a chunk
    kTrailers,  // and the empty line that ends a chunked body
    kDone,
  };

  size_t feed_line(std::string_view bytes);
  size_t feed_body(std::string_view bytes);
  void on_line(std::string_view line);
  void on_request_line(std::string_view line);
  bool set_target(std::string_view target);
  void on_header_line(std::string_view line);
  void on_framing_header(std::string_view name, std::string_view value);
  void on_headers_end();
  void use_authority_as_host();
  void on_chunk_size_line(std::string_view line);
  void body_too_large();
  bool check_first_byte(char c);
  bool check_line_length(size_t length);
  bool spend_header_bytes(size_t count);
  void headers_too_large();
  void fail(int status, std::string_view code, std::string message);
  void bad_request(std::string message);

  Limits limits_;
  Request request_;
  std::string line_;  // the beginning of a line whose end has not come yet
  Problem problem_;
  uint64_t remaining_ = 0;   // of the body or the chunk
  size_t header_bytes_ = 0;  // spent of max_header_bytes
  size_t header_count_ = 0;  // spent of max_headers
  std::string authority_;    // of an absolute-form target; stands in for Host (RFC 9112 §3.2.2)
  State state_ = State::kNeedMore;
  Step step_ = Step::kRequestLine;
  bool skipped_empty_line_ = false;
  bool has_host_ = false;
  bool has_content_length_ = false;
  bool chunked_ = false;
  bool expects_continue_ = false;
  bool keep_alive_ = true;
  bool connection_close_ = false;
  bool connection_keep_alive_ = false;
};

}  // namespace patchbay::http
