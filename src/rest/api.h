// The REST API: one request in, one answer out. Finds the route, checks who calls, parses, asks the manager,
// shapes the answer and writes the access log. Not here: sockets, CORS and preflights, static files,
// /metrics. Thread-safe; handle() blocks (store, password hashing, instances): worker threads only. Never
// throws.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "http/message.h"

namespace patchbay::manager {
class Accounts;
class ApiKeys;
class Authenticator;
class ClientProfiles;
class Instances;
}  // namespace patchbay::manager

namespace patchbay::rest {

// What `qrCode` holds; `qrText` is always the raw text.
enum class QrFormat { kDataUrl, kRaw };

struct ApiOptions {
  std::string version = {};
  // What the engine reaches is not WhatsApp, and answers say so.
  bool simulation = false;
  // A sandbox of WhatsApp runs inside this server, with phones to play with under /api/sandbox.
  bool sandbox = false;
  bool development = false;
  QrFormat qr_format = QrFormat::kDataUrl;
  // Draws a text as a PNG data URL; needed for kDataUrl. Thread-safe; an empty result means it cannot.
  std::function<std::string(std::string_view)> draw_qr = {};
  // Whether the database answers, for /health; absent means yes. Thread-safe.
  std::function<Status()> check_database = {};
  size_t max_body_bytes = 1024 * 1024;
};

// The services behind the API; all outlive it.
struct ApiServices {
  manager::Accounts& accounts;
  manager::Authenticator& authenticator;
  manager::Instances& instances;
  manager::ApiKeys& api_keys;
  manager::ClientProfiles& client_profiles;
  const Clock& clock;
};

class Api {
 public:
  Api(ApiServices services, ApiOptions options);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  // Whether a path is the API's business: /health, /api and what is below it.
  static bool owns(std::string_view path);

  http::Response handle(const http::Request& request);

  // "GET /api/instances/{id}" for every route, for the test that compares them with the document.
  std::vector<std::string> route_names() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// openapi.json as it is embedded in the binary; lives as long as the process.
std::string_view openapi_document();

}  // namespace patchbay::rest
