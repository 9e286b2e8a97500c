// Every customer sees its own figures, ten times a second: dashboard [PORT]. From JavaScript:
//   const socket = io('http://127.0.0.1:3000/dashboard', { auth: { token: 'token-of-alpha' } });
//   socket.on('load', ({ percent }) => draw(percent));
//   socket.on('connect_error', (error) => console.log(error.message, error.data));
#include <cmath>
#include <iostream>
#include <map>
#include <thread>

#include <boost/describe/class.hpp>

#include "socketio/socketio.h"

using namespace patchbay::socketio;

struct Auth {
  std::string token;
};
BOOST_DESCRIBE_STRUCT(Auth, (), (token))

struct Load {
  std::string tenant;
  double percent = 0;
};
BOOST_DESCRIBE_STRUCT(Load, (), (tenant, percent))

// Yours would ask a database, or verify a signature. Middleware may answer later, from any thread.
const std::map<std::string, std::string> kTenants = {{"token-of-alpha", "alpha"}, {"token-of-beta", "beta"}};

int main(int argc, char** argv) {
  StandaloneServer server({.port = static_cast<uint16_t>(argc > 1 ? std::stoi(argv[1]) : 3000)});
  Namespace& dashboard = server.io().of("/dashboard");

  dashboard.use([](const std::shared_ptr<Connecting>& connecting, Namespace::Next next) {
    const auto auth = get_auth<Auth>(connecting->handshake);
    const auto tenant = auth ? kTenants.find(auth->token) : kTenants.end();
    if (tenant == kTenants.end())
      return next(ConnectError{.message = "unauthorized", .data_json = R"({"code":"BAD_TOKEN"})"});
    connecting->data = tenant->second;
    next(std::nullopt);
  });
  dashboard.on_connection([](Socket& socket) { socket.join(std::any_cast<std::string>(socket.data)); });

  std::jthread ticker;
  const auto status = server.run([&] {
    std::cout << "dashboard on port " << server.port() << std::endl;
    ticker = std::jthread([&dashboard](const std::stop_token& stop) {
      for (int tick = 0; !stop.stop_requested(); ++tick) {
        // Only the newest figure is worth sending: who is behind skips one.
        for (const auto& [token, tenant] : kTenants)
          dashboard.to(tenant).make_volatile().emit("load", Load{tenant, 50 + 50 * std::sin(tick / 10.0)});
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
      }
    });
  });
  if (!status) std::cerr << status.error().message << '\n';
  return status ? 0 : 1;
}
