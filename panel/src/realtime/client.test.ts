// The realtime client against a real Socket.IO server.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RealtimeClient, type RealtimeClientOptions } from "./client";
import { refusal, TestServer, type TestServerOptions } from "./test-server";

const TOKEN = "header.payload.signature";

let server: TestServer | undefined;
let client: RealtimeClient | undefined;
let output: { info: string[]; warn: string[] };

beforeEach(() => {
  output = { info: [], warn: [] };
});

afterEach(async () => {
  client?.close();
  await server?.stop();
  client = server = undefined;
});

async function startServer(options?: TestServerOptions): Promise<TestServer> {
  server = await TestServer.start(options);
  return server;
}

function newClient(options: Partial<RealtimeClientOptions> = {}): RealtimeClient {
  client = new RealtimeClient({
    url: server?.url ?? "http://127.0.0.1:9",
    getToken: () => TOKEN,
    isDevelopment: () => false,
    console: { info: (text) => output.info.push(text), warn: (text) => output.warn.push(text) },
    backoff: { firstDelayMs: 20, maxDelayMs: 100 },
    ...options,
  });
  return client;
}

function startClient(options?: Partial<RealtimeClientOptions>): RealtimeClient {
  const started = newClient(options);
  started.start();
  return started;
}

const untilStatus = (status: string) =>
  vi.waitFor(() => expect(client!.getConnectionInfo().status).toBe(status), { timeout: 5_000 });
const untilState = (instanceId: string, state: string) =>
  vi.waitFor(() =>
    expect(client!.getConnectionInfo().subscriptions).toContainEqual({ instanceId, state }),
  );

describe("introducing itself", () => {
  it("offers the token in auth.token and auth.authorization, and keeps it out of the URL", async () => {
    await startServer();
    startClient();
    await untilStatus("live");
    expect(server!.handshakes).toHaveLength(1);
    expect(server!.handshakes[0]!.auth).toEqual({ token: TOKEN, authorization: `Bearer ${TOKEN}` });
    expect(server!.handshakes[0]!.query).not.toHaveProperty("token");
    expect(client!.getConnectionInfo()).toMatchObject({ authentication: "token", connected: true, failures: 0 });
  });

  it("adds the Authorization header where the transport can carry one", async () => {
    await startServer();
    startClient({ transports: ["polling"] });
    await untilStatus("live");
    expect(server!.handshakes[0]!.authorization).toBe(`Bearer ${TOKEN}`);
  });

  it("tries the query parameter only after a refusal", async () => {
    await startServer({
      authenticate: ({ query }) => (query.token === TOKEN ? undefined : refusal("Authentication required")),
    });
    startClient();
    await untilStatus("live");
    expect(server!.handshakes.map(({ query }) => query.token)).toEqual([undefined, TOKEN]);
    expect(client!.getConnectionInfo().authentication).toBe("query");
    expect(output.warn.join()).toContain("Authentication required");
  });

  it("does not put a token into the URL that the server has already read and refused", async () => {
    await startServer({
      authenticate: () => refusal("Authentication failed", { code: "TOKEN_EXPIRED", tried: ["auth.token"] }),
    });
    startClient();
    await untilStatus("off");
    expect(server!.handshakes.map(({ query }) => query.token)).toEqual([undefined]);
  });

  it("warns and stays off when every credential is refused, until it is told to retry", async () => {
    let open = false;
    await startServer({ authenticate: () => (open ? undefined : refusal("Authentication failed")) });
    startClient();
    await untilStatus("off");
    expect(server!.handshakes).toHaveLength(2);
    expect(client!.getConnectionInfo()).toMatchObject({ lastError: "Authentication failed", nextRetryAt: null });
    expect(output.warn.at(-1)).toContain("until you retry");
    open = true;
    client!.retry();
    await untilStatus("live");
    expect(client!.getConnectionInfo()).toMatchObject({ authentication: "token", lastError: null });
  });

  it("goes on without authentication in development, with a warning", async () => {
    await startServer({
      authenticate: ({ auth }) => (auth.token ? refusal("Authentication failed") : undefined),
    });
    startClient({ isDevelopment: () => Promise.resolve(true) });
    await untilStatus("live");
    expect(server!.handshakes.at(-1)).toMatchObject({ auth: {}, authorization: undefined });
    expect(server!.handshakes.at(-1)!.query).not.toHaveProperty("token");
    expect(client!.getConnectionInfo().authentication).toBe("none");
    expect(output.warn.some((line) => line.includes("Authentication failed"))).toBe(true);
  });

  it("asks for the token anew at every connection", async () => {
    await startServer();
    let token = "first";
    startClient({ getToken: () => token });
    await untilStatus("live");
    token = "second";
    server!.dropConnections();
    await vi.waitFor(() => expect(server!.handshakes).toHaveLength(2));
    expect(server!.handshakes.map(({ auth }) => auth.token)).toEqual(["first", "second"]);
  });

  it("never writes the token to the console or to its connection details", async () => {
    await startServer({ authenticate: () => refusal("Authentication failed") });
    startClient({ isDevelopment: () => true });
    await untilStatus("off");
    const written = JSON.stringify([output, client!.getConnectionInfo()]);
    expect(written).not.toContain(TOKEN);
  });
});

describe("staying connected", () => {
  it("reconnects by itself and subscribes again", async () => {
    await startServer();
    startClient();
    client!.subscribe("a");
    await untilState("a", "confirmed");
    const before = client!.getConnectionInfo().socketId;
    server!.dropConnections();
    await vi.waitFor(() => {
      expect(client!.getConnectionInfo().status).toBe("live");
      expect(client!.getConnectionInfo().socketId).not.toBe(before);
    });
    await untilState("a", "confirmed");
    expect(server!.requests).toEqual(["subscribe:instance a", "subscribe:instance a"]);
    expect(output.warn.join()).toContain("connection lost");
  });

  it("says reconnecting at first, off after a few failures, and live when the server is back", async () => {
    const { port } = await startServer();
    const seen = new Set<string>();
    startClient({ failuresUntilOff: 2 });
    client!.onInfoChange(() => seen.add(client!.getConnectionInfo().status));
    await untilStatus("live");
    await server!.stop();
    await untilStatus("off");
    expect([...seen]).toEqual(["live", "reconnecting", "off"]);
    expect(client!.getConnectionInfo().nextRetryAt).not.toBeNull();
    server = await TestServer.start({ port });
    await untilStatus("live");
    expect(client!.getConnectionInfo().failures).toBe(0);
  });

  it("retries at once when asked, however long the wait would be", async () => {
    const { port } = await startServer();
    await server!.stop();
    startClient({ url: `http://127.0.0.1:${port}`, backoff: { firstDelayMs: 60_000, maxDelayMs: 60_000 } });
    await vi.waitFor(() => expect(client!.getConnectionInfo().nextRetryAt).not.toBeNull());
    server = await TestServer.start({ port });
    client!.retry();
    await untilStatus("live");
  });

  it("falls back to polling when WebSocket does not get through", async () => {
    await startServer();
    server!.breakWebSockets();
    startClient();
    await untilStatus("live");
    expect(client!.getConnectionInfo().transport).toBe("polling");
  });

  it("comes back when the server ends the connection itself", async () => {
    await startServer();
    startClient();
    await untilStatus("live");
    server!.sockets[0]!.disconnect(true);
    await vi.waitFor(() => expect(server!.handshakes).toHaveLength(2));
    await untilStatus("live");
  });
});

describe("subscriptions", () => {
  it("tells the server once, however many parts of a page want the same instance", async () => {
    await startServer();
    startClient();
    await untilStatus("live");
    const first = client!.subscribe("a");
    const second = client!.subscribe("a");
    await untilState("a", "confirmed");
    first();
    first();
    const other = client!.subscribe("b");
    await untilState("b", "confirmed");
    second();
    other();
    await vi.waitFor(() => expect(server!.requests.at(-1)).toBe("unsubscribe:instance b"));
    expect(server!.requests).toEqual([
      "subscribe:instance a",
      "subscribe:instance b",
      "unsubscribe:instance a",
      "unsubscribe:instance b",
    ]);
    expect(client!.getConnectionInfo().subscriptions).toEqual([]);
  });

  it("confirms each in the console, with the status the server answered", async () => {
    await startServer();
    startClient();
    const confirmed = vi.fn();
    client!.onSubscribed(confirmed);
    client!.subscribe("a");
    await untilState("a", "confirmed");
    expect(output.info).toContain("[realtime] subscribed to instance a (DISCONNECTED)");
    expect(confirmed).toHaveBeenCalledWith("a");
  });

  it("reports a refused one and keeps the others", async () => {
    await startServer({
      onConnection: (socket) =>
        socket.on("subscribe:instance", (instanceId: string, ack: (answer: unknown) => void) =>
          ack(
            instanceId === "foreign"
              ? { ok: false, code: "INSTANCE_NOT_FOUND", error: "There is no such instance." }
              : { ok: true, instanceId },
          ),
        ),
    });
    startClient();
    client!.subscribe("mine");
    client!.subscribe("foreign");
    await untilState("foreign", "refused");
    await untilState("mine", "confirmed");
    expect(output.warn.join()).toContain("There is no such instance.");
  });

  it("works with a server that acknowledges nothing", async () => {
    await startServer({ onConnection: () => undefined });
    startClient({ ackTimeoutMs: 50 });
    const heard = vi.fn();
    client!.on("instance:status:changed", heard);
    client!.subscribe("a");
    await untilState("a", "unanswered");
    server!.emit("instance:status:changed", { instanceId: "a", newStatus: "INIT" });
    await vi.waitFor(() => expect(heard).toHaveBeenCalledOnce());
  });
});

describe("events", () => {
  it("reach their listeners under the names of the setup guide", async () => {
    await startServer();
    startClient();
    await untilStatus("live");
    const heard: [string, unknown][] = [];
    for (const name of [
      "instance:status:changed",
      "instance:qr:generated",
      "instance:connected",
      "instance:disconnected",
      "instance:error",
    ] as const) {
      client!.on(name, (payload) => heard.push([name, payload]));
    }
    const sent: [string, object][] = [
      ["instance:status:changed", { instanceId: "a", newStatus: "QR_REQUIRED", seq: 1 }],
      ["instance:qr:generated", { instanceId: "a", qrCode: "data:image/png;base64,AA==", seq: 2 }],
      ["instance:connected", { instanceId: "a", phone: "15550001111", displayName: "Ada", seq: 3 }],
      ["instance:disconnected", { instanceId: "a", reason: "gone", seq: 4 }],
      ["instance:error", { instanceId: "a", error: "broken", code: "BROKEN", seq: 5 }],
    ];
    for (const [name, payload] of sent) server!.emit(name, payload);
    await vi.waitFor(() => expect(heard).toEqual(sent));
  });

  it("without an instanceId are ignored", async () => {
    await startServer();
    startClient();
    await untilStatus("live");
    const heard = vi.fn();
    client!.on("instance:error", heard);
    for (const payload of [undefined, "text", { error: "whose?" }]) server!.emit("instance:error", payload);
    server!.emit("instance:error", { instanceId: "a" });
    await vi.waitFor(() => expect(heard).toHaveBeenCalledOnce());
    expect(heard).toHaveBeenCalledWith({ instanceId: "a" });
  });

  it("reach nobody after the listener was removed or the client closed", async () => {
    await startServer();
    startClient();
    await untilStatus("live");
    const removed = vi.fn();
    const kept = vi.fn();
    client!.on("instance:error", removed)();
    client!.on("instance:error", kept);
    server!.emit("instance:error", { instanceId: "a" });
    await vi.waitFor(() => expect(kept).toHaveBeenCalledOnce());
    expect(removed).not.toHaveBeenCalled();
    client!.close();
    await vi.waitFor(() => expect(server!.sockets).toEqual([]));
    expect(client!.getConnectionInfo()).toMatchObject({ status: "idle", connected: false, subscriptions: [] });
  });
});

it("survives being closed and started again, as React does in development", async () => {
  await startServer();
  startClient();
  client!.close();
  client!.start();
  await untilStatus("live");
  await vi.waitFor(() => expect(server!.sockets).toHaveLength(1));
});
