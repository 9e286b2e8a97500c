// A real Socket.IO server on a port of its own, for the tests of this folder.
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, type Socket } from "socket.io";

export interface SeenHandshake {
  auth: Record<string, unknown>;
  query: Record<string, unknown>;
  authorization: string | undefined;
}

export interface TestServerOptions {
  /** Returns the refusal, or nothing to accept. */
  authenticate?: (handshake: SeenHandshake) => (Error & { data?: unknown }) | undefined;
  onConnection?: (socket: Socket) => void;
  port?: number;
}

export class TestServer {
  readonly handshakes: SeenHandshake[] = [];
  /** Every subscribe/unsubscribe in order, e.g. "subscribe:instance a". */
  readonly requests: string[] = [];
  private constructor(
    private readonly io: Server,
    private readonly http: HttpServer,
    readonly port: number,
  ) {}

  static async start({ authenticate, onConnection, port = 0 }: TestServerOptions = {}): Promise<TestServer> {
    const http = createServer();
    const io = new Server(http, { serveClient: false });
    await new Promise<void>((listening) => http.listen(port, "127.0.0.1", listening));
    const server = new TestServer(io, http, (http.address() as AddressInfo).port);
    io.use((socket, next) => {
      const seen: SeenHandshake = {
        auth: socket.handshake.auth,
        query: socket.handshake.query,
        authorization: socket.handshake.headers.authorization,
      };
      server.handshakes.push(seen);
      next(authenticate?.(seen));
    });
    io.on("connection", (socket) => {
      for (const name of ["subscribe:instance", "unsubscribe:instance"]) {
        socket.on(name, (id: string) => server.requests.push(`${name} ${id}`));
      }
      (onConnection ?? acknowledgeSubscriptions)(socket);
    });
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  emit(event: string, payload: unknown): void {
    this.io.emit(event, payload);
  }

  get sockets(): Socket[] {
    return [...this.io.sockets.sockets.values()];
  }

  /** Breaks every connection as a lost network would, and goes on listening. */
  dropConnections(): void {
    for (const socket of this.sockets) socket.conn.close();
  }

  /** As a proxy that knows nothing of WebSocket would. */
  breakWebSockets(): void {
    this.http.removeAllListeners("upgrade");
    this.http.on("upgrade", (_, socket) => socket.destroy());
  }

  async stop(): Promise<void> {
    await this.io.close();
  }
}

function acknowledgeSubscriptions(socket: Socket): void {
  socket.on("subscribe:instance", (instanceId: string, ack?: (answer: unknown) => void) => {
    ack?.({ ok: true, instanceId, status: "DISCONNECTED" });
  });
}

export function refusal(message: string, data?: unknown): Error & { data?: unknown } {
  return Object.assign(new Error(message), { data });
}
