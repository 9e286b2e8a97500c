// The panel's one Socket.IO connection: introduces itself as the setup guide orders, keeps itself alive with growing
// delays, re-subscribes after every reconnection, and tells what it is doing. Knows nothing of React or the cache.
//
// The life of a connection: `connecting` (first tries) → `live` → lost → `reconnecting` → after a few failures `off`,
// still trying at growing distance. A refusal for good is `off` as well, until somebody calls retry().
import { io, type Socket } from "socket.io-client";
import { backoffDelay, DEFAULT_BACKOFF, type BackoffOptions } from "./backoff";
import { isInstanceEvent, REALTIME_EVENTS } from "./events";
import type { RealtimeEventName, RealtimeEvents, SubscribeAck } from "./events";
import { handshakeFor, isAuthenticationRefusal, nextHandshake, type HandshakeName } from "./handshake";
import { Subscriptions, type SubscriptionState } from "./subscriptions";

export type ConnectionStatus = "idle" | "connecting" | "live" | "reconnecting" | "off";

export interface ConnectionInfo {
  status: ConnectionStatus;
  connected: boolean;
  /** The server's origin. */
  url: string;
  transport: string | null;
  socketId: string | null;
  /** How the server came to know us: with the token, with the token in the query, or not at all. */
  authentication: HandshakeName | null;
  connectedSince: string | null;
  /** Failures since the last success. */
  failures: number;
  /** When the next try starts by itself; null when none is due. */
  nextRetryAt: string | null;
  lastError: string | null;
  subscriptions: { instanceId: string; state: SubscriptionState }[];
}

export interface RealtimeClientOptions {
  /** The server's origin. */
  url: string;
  /** The session's token, asked for at every connection. */
  getToken: () => string | null;
  /** Whether going on without authentication is allowed; asked after a refusal only. */
  isDevelopment: () => boolean | Promise<boolean>;
  console?: Pick<Console, "info" | "warn">;
  transports?: ("websocket" | "polling")[];
  backoff?: Partial<BackoffOptions>;
  /** Failures in a row after which live updates count as off. */
  failuresUntilOff?: number;
  connectTimeoutMs?: number;
  ackTimeoutMs?: number;
}

type Listener = (payload: never) => void;
export type Unsubscribe = () => void;

export class RealtimeClient {
  private readonly socket: Socket;
  private readonly options: Required<Omit<RealtimeClientOptions, "backoff">>;
  private readonly backoff: BackoffOptions;
  private readonly subscriptions = new Subscriptions();
  private readonly eventListeners = new Map<RealtimeEventName, Set<Listener>>();
  private readonly infoListeners = new Set<() => void>();
  private readonly subscribedListeners = new Set<(instanceId: string) => void>();
  private handshake: HandshakeName = "token";
  /** Counts connections begun and ended, to notice what has been overtaken. */
  private attempt = 0;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private info: ConnectionInfo;

  constructor(options: RealtimeClientOptions) {
    this.options = {
      console: globalThis.console,
      transports: ["websocket", "polling"],
      failuresUntilOff: 3,
      connectTimeoutMs: 10_000,
      ackTimeoutMs: 5_000,
      ...options,
    };
    this.backoff = { ...DEFAULT_BACKOFF, ...options.backoff };
    this.info = {
      status: "idle",
      connected: false,
      url: options.url,
      transport: null,
      socketId: null,
      authentication: null,
      connectedSince: null,
      failures: 0,
      nextRetryAt: null,
      lastError: null,
      subscriptions: [],
    };
    this.socket = io(options.url, {
      autoConnect: false,
      forceNew: true,
      // Retries are ours: they must follow refusals too, and show when the next one is due.
      reconnection: false,
      transports: this.options.transports,
      tryAllTransports: true,
      timeout: this.options.connectTimeoutMs,
      auth: (send) => send(handshakeFor(this.handshake, this.options.getToken()).auth),
    });
    this.socket.on("connect", () => this.onConnect());
    this.socket.on("disconnect", (reason) => this.onDisconnect(reason));
    this.socket.on("connect_error", (error) => void this.onConnectError(error));
    this.socket.on("error", (payload: unknown) => this.onServerError(payload));
    for (const name of REALTIME_EVENTS) this.socket.on(name, (payload: unknown) => this.dispatch(name, payload));
  }

  /** Connects and stays connected until close(). */
  start(): void {
    if (this.info.status !== "idle") return;
    this.change({ status: "connecting" });
    globalThis.addEventListener?.("online", this.retry);
    this.connect("token");
  }

  /** Tries again now, from the first way to authenticate. Does nothing while connected. */
  readonly retry = (): void => {
    if (this.info.status === "idle" || this.socket.connected) return;
    // A try that is under way on a dead line would take its time to fail.
    this.socket.disconnect();
    this.change({ status: this.info.connectedSince ? "reconnecting" : "connecting", failures: 0 });
    this.connect("token");
  };

  /** Ends the connection and forgets all listeners and subscriptions; start() begins anew. */
  close(): void {
    clearTimeout(this.retryTimer);
    this.attempt += 1;
    globalThis.removeEventListener?.("online", this.retry);
    this.subscriptions.clear();
    this.eventListeners.clear();
    this.subscribedListeners.clear();
    // Set first: the disconnection is wanted, so nothing follows from it.
    this.change({
      status: "idle",
      connectedSince: null,
      failures: 0,
      nextRetryAt: null,
      lastError: null,
    });
    this.socket.disconnect();
    this.closeTransport();
    this.infoListeners.clear();
  }

  /** Wants the events of an instance until the returned function is called. */
  subscribe(instanceId: string): Unsubscribe {
    if (this.subscriptions.add(instanceId)) {
      this.change({});
      if (this.socket.connected) this.sendSubscription(instanceId);
    }
    let active = true;
    return () => {
      if (!active) return;
      active = false;
      if (!this.subscriptions.remove(instanceId)) return;
      this.change({});
      if (!this.socket.connected) return;
      this.socket.emit("unsubscribe:instance", instanceId);
      this.options.console.info(`[realtime] unsubscribed from instance ${instanceId}`);
    };
  }

  on<Name extends RealtimeEventName>(name: Name, listener: (payload: RealtimeEvents[Name]) => void): Unsubscribe {
    return addTo(getOrAdd(this.eventListeners, name), listener as Listener);
  }

  /** Called each time the server has confirmed a subscription, after reconnections too. */
  onSubscribed(listener: (instanceId: string) => void): Unsubscribe {
    return addTo(this.subscribedListeners, listener);
  }

  /** Called whenever getConnectionInfo() answers something new. */
  onInfoChange(listener: () => void): Unsubscribe {
    return addTo(this.infoListeners, listener);
  }

  /** The same object until something changes. Holds no secrets. */
  readonly getConnectionInfo = (): ConnectionInfo => this.info;

  private connect(handshake: HandshakeName): void {
    clearTimeout(this.retryTimer);
    this.attempt += 1;
    this.handshake = handshake;
    const { query, extraHeaders } = handshakeFor(handshake, this.options.getToken());
    Object.assign(this.socket.io.opts, { query, extraHeaders });
    // A refused connection leaves its transport open; the next handshake needs a new one to carry its headers.
    this.closeTransport();
    this.change({ nextRetryAt: null });
    this.socket.connect();
  }

  private closeTransport(): void {
    this.socket.io.engine?.close();
  }

  private onConnect(): void {
    const engine = this.socket.io.engine;
    this.options.console.info(`[realtime] connected to ${this.options.url} (${engine.transport.name})`);
    if (this.handshake === "none") {
      this.options.console.warn("[realtime] connected without authentication; this works in development only");
    }
    engine.on("upgrade", () => this.change({ transport: engine.transport.name }));
    this.subscriptions.reset();
    this.change({
      status: "live",
      connected: true,
      transport: engine.transport.name,
      socketId: this.socket.id ?? null,
      authentication: this.handshake,
      connectedSince: new Date().toISOString(),
      failures: 0,
      lastError: null,
    });
    for (const instanceId of this.subscriptions.ids()) this.sendSubscription(instanceId);
  }

  private onDisconnect(reason: string): void {
    this.subscriptions.reset();
    this.change({ connected: false, transport: null, socketId: null, authentication: null });
    if (this.info.status !== "live") return;
    this.options.console.warn(`[realtime] connection lost: ${reason}`);
    this.change({ lastError: `Connection lost: ${reason}` });
    this.retryLater();
  }

  private async onConnectError(error: Error & { data?: unknown }): Promise<void> {
    if (this.info.status === "idle") return;
    this.change({ lastError: error.message });
    if (!isAuthenticationRefusal(error)) {
      this.retryLater();
      return;
    }
    const attempt = this.attempt;
    const development = await this.options.isDevelopment();
    // Meanwhile somebody has retried or closed.
    if (attempt !== this.attempt) return;
    const next = nextHandshake(this.handshake, error, { development, token: this.options.getToken() });
    const going = { query: "trying the token as a query parameter", none: "trying without authentication", token: "" };
    this.options.console.warn(
      `[realtime] ${error.message} (${hintOf(error.data) ?? "no details"}); ` +
        (next ? going[next] : "live updates are off until you retry"),
    );
    if (next) {
      this.connect(next);
    } else {
      this.change({ status: "off", failures: this.info.failures + 1, nextRetryAt: null });
    }
  }

  private retryLater(): void {
    const failures = this.info.failures + 1;
    const delay = backoffDelay(failures, this.backoff);
    const off = failures > this.options.failuresUntilOff;
    if (off && this.info.status !== "off") {
      this.options.console.warn(`[realtime] live updates are off: ${this.info.lastError}`);
    }
    this.change({
      status: off ? "off" : "reconnecting",
      failures,
      nextRetryAt: new Date(Date.now() + delay).toISOString(),
    });
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => this.connect("token"), delay);
  }

  private sendSubscription(instanceId: string): void {
    this.socket
      .timeout(this.options.ackTimeoutMs)
      .emit("subscribe:instance", instanceId, (timedOut: Error | null, ack?: SubscribeAck) => {
        if (!this.subscriptions.has(instanceId) || !this.socket.connected) return;
        if (timedOut) {
          this.subscriptions.setState(instanceId, "unanswered");
          this.options.console.warn(`[realtime] subscription to instance ${instanceId} was not confirmed`);
        } else if (ack?.ok === false) {
          this.subscriptions.setState(instanceId, "refused");
          this.options.console.warn(
            `[realtime] subscription to instance ${instanceId} refused: ${ack.error ?? ack.code ?? "no reason given"}`,
          );
        } else {
          this.subscriptions.setState(instanceId, "confirmed");
          this.options.console.info(
            `[realtime] subscribed to instance ${instanceId}${ack?.status ? ` (${ack.status})` : ""}`,
          );
          for (const listener of [...this.subscribedListeners]) listener(instanceId);
        }
        this.change({});
      });
  }

  private onServerError(payload: unknown): void {
    const message = (payload as { message?: unknown } | null)?.message;
    this.options.console.warn(`[realtime] the server reports: ${typeof message === "string" ? message : "an error"}`);
  }

  private dispatch(name: RealtimeEventName, payload: unknown): void {
    if (!isInstanceEvent(payload)) {
      this.options.console.warn(`[realtime] ignored ${name} without an instanceId`);
      return;
    }
    for (const listener of [...(this.eventListeners.get(name) ?? [])]) listener(payload as never);
  }

  private change(part: Partial<ConnectionInfo>): void {
    this.info = { ...this.info, ...part, subscriptions: this.subscriptions.list() };
    for (const listener of [...this.infoListeners]) listener();
  }
}

function hintOf(data: unknown): string | undefined {
  const { hint, code } = (data ?? {}) as { hint?: unknown; code?: unknown };
  return [hint, code].find((text): text is string => typeof text === "string");
}

function getOrAdd<K, V>(map: Map<K, Set<V>>, key: K): Set<V> {
  let set = map.get(key);
  if (!set) map.set(key, (set = new Set()));
  return set;
}

function addTo<T>(set: Set<T>, value: T): Unsubscribe {
  set.add(value);
  return () => void set.delete(value);
}
