"use client";

// Carries events into the cache: what an event says is shown at once, and what it does not say is read again.
import { useEffect, useRef } from "react";
import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { queryKeys } from "@/api/query-keys";
import type { InstanceDetail } from "@/api/types";
import { observeServerTime } from "@/lib/server-clock";
import { REALTIME_EVENTS, useConnectionInfo, useRealtimeClient } from "@/realtime";
import type { RealtimeEventName, RealtimeEvents } from "@/realtime";
import type { AllInstances, InstancePage } from "./api";
import { applyEvent } from "./apply-event";

/** Lists are read again at most this often, however many events arrive. */
const LIST_REFRESH_MS = 1_000;

export function LiveUpdates() {
  const client = useRealtimeClient();
  const cache = useQueryClient();
  const { status } = useConnectionInfo();
  const wasLive = useRef(false);

  useEffect(() => {
    let refresh: ReturnType<typeof setTimeout> | undefined;
    const ends = REALTIME_EVENTS.map((name) =>
      client.on(name, (payload) => {
        if (payload.timestamp && isNews(name, payload)) observeServerTime(payload.timestamp);
        showEvent(cache, name, payload);
        refresh ??= setTimeout(() => {
          refresh = undefined;
          refreshLists(cache);
        }, LIST_REFRESH_MS);
      }),
    );
    return () => {
      clearTimeout(refresh);
      ends.forEach((end) => end());
    };
  }, [client, cache]);

  // What happened while the connection was away is only known by asking.
  useEffect(() => {
    if (status !== "live") return;
    if (wasLive.current) void cache.invalidateQueries();
    wasLive.current = true;
  }, [status, cache]);

  return null;
}

function showEvent<Name extends RealtimeEventName>(cache: QueryClient, name: Name, payload: RealtimeEvents[Name]) {
  const patch = <T extends InstancePage | AllInstances>(data: T | undefined): T | undefined =>
    data && { ...data, instances: data.instances.map((instance) => applyEvent(instance, name, payload)) };
  cache.setQueriesData<InstancePage>({ queryKey: queryKeys.instanceLists }, patch);
  cache.setQueryData<AllInstances>(queryKeys.allInstances, patch);
  const key = queryKeys.instance(payload.instanceId);
  if (!cache.getQueryData(key)) return;
  cache.setQueryData<InstanceDetail>(key, (detail) => detail && applyEvent(detail, name, payload));
  void cache.invalidateQueries({ queryKey: key });
}

function refreshLists(cache: QueryClient): void {
  void cache.invalidateQueries({ queryKey: queryKeys.instanceLists });
  void cache.invalidateQueries({ queryKey: queryKeys.allInstances });
}

// The present, replayed to a new subscriber, carries the time of a past event.
function isNews(name: RealtimeEventName, payload: RealtimeEvents[RealtimeEventName]): boolean {
  if (name !== "instance:status:changed") return false;
  const { oldStatus, newStatus } = payload as RealtimeEvents["instance:status:changed"];
  return oldStatus !== newStatus;
}
