#include "socketio/socketio.h"

using namespace patchbay::socketio;

int main() {
  StandaloneServer server({.port = 3000});
  server.io().on_connection([](Socket& socket) {
    socket.emit("welcome", socket.id());
    socket.on("hello", [](Event& event) { event.ack("Hello from C++"); });
  });
  return server.run() ? 0 : 1;
}
