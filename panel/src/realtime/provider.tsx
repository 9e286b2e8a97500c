"use client";

import { createContext, useContext, useEffect, useState, useSyncExternalStore } from "react";
import { RealtimeClient, type ConnectionInfo } from "./client";
import type { RealtimeEventName, RealtimeEvents } from "./events";

const RealtimeContext = createContext<RealtimeClient | null>(null);

declare global {
  interface Window {
    /** For the browser's console: what the live connection is doing, and a way to try again. */
    patchbay?: Pick<RealtimeClient, "getConnectionInfo" | "retry">;
  }
}

export interface RealtimeProviderProps {
  url: string;
  getToken: () => string | null;
  isDevelopment: () => boolean | Promise<boolean>;
  children: React.ReactNode;
}

/** Holds the page's one connection for as long as it is mounted. */
export function RealtimeProvider({ url, getToken, isDevelopment, children }: RealtimeProviderProps) {
  const [client] = useState(() => new RealtimeClient({ url, getToken, isDevelopment }));
  useEffect(() => {
    client.start();
    window.patchbay = { getConnectionInfo: client.getConnectionInfo, retry: client.retry };
    return () => {
      delete window.patchbay;
      client.close();
    };
  }, [client]);
  return <RealtimeContext value={client}>{children}</RealtimeContext>;
}

export function useRealtimeClient(): RealtimeClient {
  const client = useContext(RealtimeContext);
  if (!client) throw new Error("useRealtimeClient needs a RealtimeProvider above it");
  return client;
}

export function useConnectionInfo(): ConnectionInfo {
  const client = useRealtimeClient();
  return useSyncExternalStore(
    (listener) => client.onInfoChange(listener),
    client.getConnectionInfo,
    client.getConnectionInfo,
  );
}

/** Whether events arrive by themselves; when not, pages ask by REST. */
export function useIsLive(): boolean {
  return useConnectionInfo().status === "live";
}

export function useRealtimeEvent<Name extends RealtimeEventName>(
  name: Name,
  listener: (payload: RealtimeEvents[Name]) => void,
): void {
  const client = useRealtimeClient();
  useEffect(() => client.on(name, listener), [client, name, listener]);
}

/** Subscribes to the given instances while mounted. */
export function useInstanceSubscriptions(instanceIds: string[]): void {
  const client = useRealtimeClient();
  const ids = instanceIds.join();
  useEffect(() => {
    const ends = ids === "" ? [] : ids.split(",").map((id) => client.subscribe(id));
    return () => ends.forEach((end) => end());
  }, [client, ids]);
}
