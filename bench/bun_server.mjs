// The peer on Bun: socket.io with its own engine for Bun, serving the events of the testbed's profile `bench`.
import { Server as Engine } from "@socket.io/bun-engine";
import { Server } from "socket.io";
import { serve } from "./events.mjs";

const io = new Server();
const engine = new Engine({ path: "/socket.io/" });
io.bind(engine);
serve(io);
Bun.serve({ hostname: "127.0.0.1", port: Number(process.argv[2]), ...engine.handler() });
console.log("listening");
