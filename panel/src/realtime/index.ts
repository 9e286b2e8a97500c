export { RealtimeClient } from "./client";
export type { ConnectionInfo, ConnectionStatus } from "./client";
export { REALTIME_EVENTS } from "./events";
export type { RealtimeEventName, RealtimeEvents } from "./events";
export * from "./provider";
