// HTTP messages as values: what a handler gets and what it gives. No I/O, no threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace patchbay::http {

enum class Method { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions, kOther };
std::string_view to_string(Method method);

// One parsed request (RFC 9110, RFC 9112). Immutable once a handler sees it.
struct Request {
  Method method = Method::kGet;
  std::string target;     // as it came: path and query; may hold a token: log it redacted only
  std::string path;       // percent-decoded path, always starts with '/', no dot segments
  std::string query;      // the raw text after '?', not decoded
  int version_minor = 1;  // HTTP/1.<minor>
  std::vector<std::pair<std::string, std::string>> headers;  // in order; names in lower case
  std::string body;
  std::string remote_address;  // numeric, without port
  bool secure = false;         // came over TLS

  // First header of that name (give it in lower case), or nothing.
  std::optional<std::string_view> header(std::string_view lower_case_name) const;
  // First query parameter of that name, percent-decoded ('+' is a space); nothing when absent or malformed.
  std::optional<std::string> query_parameter(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;  // without content-length, connection, date
  std::string body;
  // Bytes that live as long as the process (embedded files). Used instead of `body` when not empty.
  std::string_view static_body;
  bool close = false;  // close the connection after this response

  void set(std::string_view name, std::string value);
};

// Says in Vary that the answer depends on that header of the request.
void add_vary(Response& response, std::string_view header);

// Gives the one answer to one request. Movable; may be kept and called later, from any thread; the answer is
// dropped if the connection is gone by then. Destroyed without an answer, it answers 500.
class Responder {
 public:
  class Sink {  // implemented by the server
   public:
    virtual ~Sink() = default;
    virtual void respond(Response response) = 0;
  };
  Responder() = default;
  explicit Responder(std::unique_ptr<Sink> sink) : sink_(std::move(sink)) {}
  Responder(Responder&&) noexcept = default;
  Responder& operator=(Responder&& other) noexcept {
    if (this != &other) {
      abandon();
      sink_ = std::move(other.sink_);
    }
    return *this;
  }
  ~Responder() { abandon(); }
  void operator()(Response response) {
    if (const auto sink = std::exchange(sink_, nullptr)) sink->respond(std::move(response));
  }
  explicit operator bool() const { return sink_ != nullptr; }

 private:
  void abandon();
  std::unique_ptr<Sink> sink_;
};

// {"success":false,"timestamp":…,"message":…,"error":{"code","message","details":{}}}: the error envelope
// that every part of the server answers with (seed contract §1.1).
Response error_response(int status, std::string_view code, std::string_view message);

// The reason phrase of RFC 9110 §15, "Unknown" for others.
std::string_view reason_phrase(int status);

}  // namespace patchbay::http
