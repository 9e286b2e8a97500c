// A chat with rooms: chat [PORT]. From JavaScript:
//   const socket = io('http://127.0.0.1:3000', { auth: { name: 'Ada' } });
//   socket.on('message', ({ room, from, text }) => console.log(room, from, text));
//   socket.emit('join', 'tea', () => socket.emit('message', { room: 'tea', text: 'Hello' }));
#include <iostream>

#include <boost/describe/class.hpp>

#include "socketio/socketio.h"

using namespace patchbay::socketio;

struct Person {
  std::string name;
};
BOOST_DESCRIBE_STRUCT(Person, (), (name))

struct Message {
  std::string room;
  std::string text;
  std::optional<std::string> from;
};
BOOST_DESCRIBE_STRUCT(Message, (), (room, text, from))

int main(int argc, char** argv) {
  StandaloneServer server({.port = static_cast<uint16_t>(argc > 1 ? std::stoi(argv[1]) : 3000)});
  Server& io = server.io();

  io.on_connection([](Socket& socket) {
    const auto person = get_auth<Person>(socket.handshake());
    const std::string name = person ? person->name : "somebody";

    on<std::string>(socket, "join", [&socket, name](const std::string& room, Event& event) {
      event.ack(socket.join(room));
      socket.to(room).emit("joined", room, name);
    });
    on<Message>(socket, "message", [&socket, name](Message message, Event& event) {
      const bool is_in = socket.in_room(message.room);
      event.ack(boost::json::object{{"ok", is_in}});
      message.from = name;
      if (is_in) socket.nsp().to(message.room).emit("message", message);
    });
    // Worth nothing a moment later: who reads too slowly does without.
    on<std::string>(socket, "typing", [&socket, name](const std::string& room, Event&) {
      if (socket.in_room(room)) socket.to(room).make_volatile().emit("typing", room, name);
    });
    // The rooms are still there: this is Node's "disconnecting".
    socket.on_disconnect([&socket, name](DisconnectReason) {
      for (const std::string_view room : socket.rooms()) socket.to(room).emit("left", room, name);
    });
  });

  const auto status = server.run([&] { std::cout << "chat on port " << server.port() << std::endl; });
  if (!status) std::cerr << status.error().message << '\n';
  return status ? 0 : 1;
}
