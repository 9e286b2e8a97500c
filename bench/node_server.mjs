// The peer on Node: npm's socket.io with ws and its native helper bufferutil, permessage-deflate off as by default.
import { createServer } from "node:http";
import { Server } from "socket.io";
import { serve } from "./events.mjs";

const server = createServer();
serve(new Server(server, { perMessageDeflate: false }));
server.listen(Number(process.argv[2]), "127.0.0.1", 4096, () => console.log("listening"));
