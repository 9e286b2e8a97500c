// The peer: Node's socket.io with ws, serving the events of the testbed's profile `bench`.
import { createServer } from "node:http";
import { Server } from "socket.io";

const server = createServer();
const io = new Server(server, { cors: { origin: "*" }, perMessageDeflate: false });
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
server.listen(Number(process.argv[2]), "127.0.0.1", () => console.log("listening"));
