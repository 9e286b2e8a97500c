// RFC 9112 read side of a client: bytes in, one answer at a time out. No I/O, no clock. Strict: whatever two
// implementations could read differently is refused, as in request_parser.h. Memory follows the bytes that
// came, never the length that was announced. Shard-local.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/client_message.h"

namespace patchbay::http {

class ResponseParser {
 public:
  struct Limits {
    // Status line and header lines with their line ends, of all interim answers too; trailers and chunk
    // extensions are charged to it as well.
    size_t max_header_bytes = 32 * 1024;
    size_t max_headers = 100;
    size_t max_body_bytes = 16 * 1024 * 1024;
  };

  enum class State : uint8_t { kNeedMore, kComplete, kError };

  // `head`: the answer to HEAD, which has no body whatever its headers say.
  explicit ResponseParser(const Limits& limits, bool head = false) : limits_(limits), head_(head) {}

  // Takes bytes up to the end of one answer and returns how many it took; after 101 they are the new
  // protocol's. Interim answers (100, 102, 103) are passed over. Takes nothing when complete or in error.
  size_t feed(std::string_view bytes);
  // The connection has ended: completes an answer that is delimited by it (RFC 9112 §6.3, 8), otherwise an
  // error.
  void finish();

  State state() const { return state_; }
  // With kError: what was wrong with the answer; quotes nothing of it.
  const std::string& error() const { return error_; }
  // At least one byte has come.
  bool started() const { return started_; }
  // With kComplete: the connection may carry another request (§9.3).
  bool keep_alive() const { return keep_alive_; }
  // With kComplete.
  ClientResponse take_response() { return std::move(response_); }

 private:
  enum class Step : uint8_t {
    kStatusLine,
    kHeaders,
    kBody,      // Content-Length bytes
    kUntilEnd,  // whatever comes before the connection ends
    kChunkSize,
    kChunkData,
    kChunkEnd,
    kTrailers,
  };

  size_t feed_line(std::string_view bytes);
  size_t feed_body(std::string_view bytes);
  void on_line(std::string_view line);
  void on_status_line(std::string_view line);
  void on_header_line(std::string_view line);
  void on_framing_header(std::string_view name, std::string_view value);
  void on_headers_end();
  void on_chunk_size_line(std::string_view line);
  void complete() { state_ = State::kComplete; }
  void body_too_large();
  void fail(std::string message);

  Limits limits_;
  ClientResponse response_;
  std::string line_;  // the beginning of a line whose end has not come yet
  std::string error_;
  uint64_t remaining_ = 0;
  size_t header_bytes_ = 0;
  size_t header_count_ = 0;
  State state_ = State::kNeedMore;
  Step step_ = Step::kStatusLine;
  bool head_;
  bool started_ = false;
  bool version_1_1_ = true;
  bool has_content_length_ = false;
  bool chunked_ = false;
  bool keep_alive_ = false;
  bool connection_close_ = false;
  bool connection_keep_alive_ = false;
};

}  // namespace patchbay::http
