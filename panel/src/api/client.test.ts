// The API client against a real HTTP server.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { serverNow } from "@/lib/server-clock";
import { ApiClient } from "./client";
import type { ApiError } from "./errors";

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

type Handler = (request: IncomingMessage & { body: string }, response: ServerResponse) => void;

async function setUp(handle: Handler, options: { token?: string | null; timeoutMs?: number } = {}) {
  server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    handle(Object.assign(request, { body }), response);
  });
  await new Promise<void>((listening) => server!.listen(0, "127.0.0.1", listening));
  const onUnauthorized = vi.fn();
  const session = { token: options.token === undefined ? "t" : options.token };
  const client = new ApiClient({
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    getToken: () => session.token,
    onUnauthorized,
    timeoutMs: options.timeoutMs,
  });
  return { client, onUnauthorized, session };
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify({ timestamp: new Date().toISOString(), ...body }));
}

const failure = (code: string, message: string, details = {}) => ({
  success: false,
  message,
  error: { code, message, details },
});

const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable(),
    (error: ApiError) => error,
  );

describe("the API client", () => {
  it("fills paths and queries, sends the token and JSON, and unwraps the data", async () => {
    const seen: object[] = [];
    const { client } = await setUp(({ method, url, headers, body }, response) => {
      seen.push({ method, url, authorization: headers.authorization, body });
      answer(response, 200, { success: true, data: { message: "done" } });
    });
    const list = { query: { page: 2, search: "a&b", status: undefined } };
    await client.request("get", "/api/instances", list);
    const data = await client.request("post", "/api/instances/{id}/pair-code", {
      path: { id: "a/b" },
      body: { phone: "15550001111" },
    });
    expect(data).toEqual({ message: "done" });
    expect(seen).toEqual([
      { method: "GET", url: "/api/instances?page=2&search=a%26b", authorization: "Bearer t", body: "" },
      {
        method: "POST",
        url: "/api/instances/a%2Fb/pair-code",
        authorization: "Bearer t",
        body: '{"phone":"15550001111"}',
      },
    ]);
  });

  it("passes on what the server says about an error and its fields", async () => {
    const errors = [{ field: "name", message: "is too short" }];
    const { client, onUnauthorized } = await setUp((_, response) =>
      answer(response, 400, failure("VALIDATION_ERROR", "The request is not valid.", { errors })),
    );
    const error = await caught(client.request("post", "/api/instances", { body: { name: "x" } }));
    expect(error).toMatchObject({
      status: 400,
      code: "VALIDATION_ERROR",
      message: "The request is not valid.",
      fields: errors,
    });
    expect(onUnauthorized).not.toHaveBeenCalled();
  });

  it("ends the session when its token is refused, but not when a login is", async () => {
    const refuse: Handler = (_, response) => answer(response, 401, failure("TOKEN_EXPIRED", "Expired."));
    const signedIn = await setUp(refuse);
    await caught(signedIn.client.request("get", "/api/auth/me", {}));
    expect(signedIn.onUnauthorized).toHaveBeenCalledOnce();
    server!.close();
    const signedOut = await setUp(refuse, { token: null });
    const body = { email: "a@example.org", password: "wrong" };
    await caught(signedOut.client.request("post", "/api/auth/login", { body }));
    expect(signedOut.onUnauthorized).not.toHaveBeenCalled();
  });

  it("keeps a session that began while an older token was being refused", async () => {
    const { client, onUnauthorized, session } = await setUp((_, response) => {
      session.token = "newer";
      answer(response, 401, failure("TOKEN_EXPIRED", "Expired."));
    });
    await caught(client.request("get", "/api/auth/me", {}));
    expect(onUnauthorized).not.toHaveBeenCalled();
  });

  it("says that the server cannot be reached when it is gone, or takes too long", async () => {
    const slow = await setUp(() => undefined, { timeoutMs: 50 });
    const late = await caught(slow.client.request("get", "/health", {}));
    expect(late).toMatchObject({ status: 0, code: "UNREACHABLE" });
    server!.closeAllConnections();
    server!.close();
    const gone = await caught(slow.client.request("get", "/health", {}));
    expect(gone.message).toContain("cannot be reached");
  });

  it("makes something of answers that are no JSON", async () => {
    const { client } = await setUp((_, response) => {
      response.statusCode = 502;
      response.end("<h1>Bad gateway</h1>");
    });
    const error = await caught(client.request("get", "/health", {}));
    expect(error).toMatchObject({ status: 502, code: "UNKNOWN", message: "The server answered with status 502." });
  });

  it("learns the server's time from its answers", async () => {
    const { client } = await setUp((_, response) => {
      const timestamp = new Date(Date.now() + 3_600_000).toISOString();
      answer(response, 200, { success: true, timestamp, data: {} });
    });
    await client.request("get", "/health", {});
    expect(serverNow() - Date.now()).toBeGreaterThan(3_500_000);
  });
});
