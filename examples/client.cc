// Talks to the chat of chat.cc: client [URL] [NAME] [ROOM]. What you type goes to the room, and what is said
// there is printed. The end of the input (Ctrl+D) leaves.
#include <iostream>

#include <boost/describe/class.hpp>

#include "socketio/socketio.h"

using namespace patchbay;
using namespace patchbay::socketio;

struct Message {
  std::string room;
  std::string text;
  std::optional<std::string> from;
};
BOOST_DESCRIBE_STRUCT(Message, (), (room, text, from))

int main(int argc, char** argv) {
  const auto url = http::Url::parse(argc > 1 ? argv[1] : "http://127.0.0.1:3000");
  if (!url) {
    std::cerr << url.error().message << '\n';
    return 1;
  }
  const std::string name = argc > 2 ? argv[2] : "somebody";
  const std::string room = argc > 3 ? argv[3] : "tea";

  ClientOptions options;
  options.engine.url = *url;
  options.auth = fixed_auth(boost::json::object{{"name", name}});
  ClientThread io(std::move(options));
  // Runs on the client's thread, as all handlers do.
  io.run([&room](Client& client) {
    ClientSocket& socket = client.of("/");
    // Also after each reconnection: to this server we are new then, and in no room.
    socket.on_connect([&socket, &room] {
      socket.emit_with_ack("join", make_args(room), Milliseconds(5'000), [&room](Result<ArgsView> answer) {
        std::cout << (answer ? "you are in " + room : answer.error().message) << std::endl;
      });
    });
    socket.on("message", [](ClientEvent& event) {
      const auto message = get<Message>(event.args());
      if (message) std::cout << message->from.value_or("?") << ": " << message->text << std::endl;
    });
    socket.on_connect_error([](const ConnectRefusal& refusal) { std::cerr << refusal.message << std::endl; });
    socket.on_disconnect([](ClientDisconnect reason, std::string_view) {
      std::cerr << "disconnected: " << to_string(reason) << std::endl;
    });
  });

  for (std::string text; std::getline(std::cin, text);)
    io.post([message = Message{.room = room, .text = text, .from = {}}](Client& client) {
      const auto status = client.of("/").emit("message", message);  // kept while disconnected
      if (!status) std::cerr << status.error().message << std::endl;
    });
}
