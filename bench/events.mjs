// What every peer built on npm's socket.io serves: the events of the testbed's profile `bench`.
export function serve(io) {
  io.on("connection", (socket) => {
    socket.on("echo", (value, ack) => ack(value));
    socket.on("subscribe:instance", (room, ack) => {
      socket.join(room);
      ack?.(true);
    });
    socket.on("publish", (room, object, ack) => {
      io.to(room).emit("instance:status:changed", object);
      ack?.(true);
    });
  });
}
