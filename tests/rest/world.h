// A whole server but for its sockets: store on a temporary folder, services, scripted engine, API. Every
// answer is held against the OpenAPI document before the test sees it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "base/clock.h"
#include "http/message.h"
#include "manager/accounts.h"
#include "rest/api.h"
#include "whatsapp/scripted_engine.h"

namespace patchbay::rest {

using Scene = whatsapp::Simulation::Action;

struct Answer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  boost::json::value body;

  std::string header(std::string_view name) const;
  // A member of `data` by JSON pointer, e.g. "/instance/id"; null when there is none.
  boost::json::value data(std::string_view pointer = "") const;
  std::string text(std::string_view pointer) const;
  std::string code() const;  // error.code, empty on success
  // "field: message" of every refused field, separated by "; ".
  std::string refused() const;
};

struct WorldOptions {
  ApiOptions api = {.version = "9.8.7", .simulation = true, .draw_qr = [](std::string_view text) {
                      return "data:image/png;base64," + std::to_string(text.size());
                    }};
};

class World {
 public:
  explicit World(WorldOptions options = {});
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Answer get(std::string_view target, std::string_view token = {});
  Answer post(std::string_view target, const boost::json::value& body, std::string_view token = {});
  // Without a body.
  Answer post(std::string_view target, std::string_view token);
  Answer put(std::string_view target, const boost::json::value& body, std::string_view token = {});
  Answer remove(std::string_view target, std::string_view token);
  // Complains unless the answer is as documented.
  Answer send(http::Request request);
  static http::Request request(http::Method method, std::string_view target, std::string_view token = {});

  // Registers a user (password "correct horse") and returns the token.
  std::string register_user(std::string_view email);
  // Creates an instance and returns its id.
  std::string create_instance(std::string_view token, std::string_view name);
  // Asks until the instance has that status.
  void await_status(std::string_view token, std::string_view id, std::string_view status);
  // What WhatsApp, the phone or the network does to the instance.
  void play(std::string_view id, const whatsapp::Simulation& scene);
  // Connects, scans, and waits until it is connected.
  void link(std::string_view token, std::string_view id);

  manager::Accounts& accounts();
  Api& api();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace patchbay::rest
