import { useEffect, useMemo } from "react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api";
import type { ApiError } from "@/api/errors";
import { queryKeys } from "@/api/query-keys";
import type { EventPage } from "@/api/types";
import { POLL_MS } from "@/features/instances/api";
import { REALTIME_EVENTS, useIsLive, useRealtimeClient } from "@/realtime";
import { EventFeed, toInstanceEvent, withoutPicture } from "./event-feed";
import { prepend, type EventLog } from "./event-log";

const PAGE = 50;

async function fetchEvents(id: string, after: number, limit: number, signal?: AbortSignal): Promise<EventPage> {
  const page = await api.request("get", "/api/instances/{id}/events", {
    path: { id },
    query: { after, limit },
    signal,
  });
  return { ...page, events: page.events.map((event) => ({ ...event, payload: withoutPicture(event.payload) })) };
}

/** The newest events at first; kept complete and current from then on. */
export function useEventLog(instanceId: string) {
  const cache = useQueryClient();
  const client = useRealtimeClient();
  const live = useIsLive();
  const queryKey = queryKeys.events(instanceId);

  const log = useQuery<EventLog, ApiError>({
    queryKey,
    queryFn: async ({ signal }) => {
      // How far the log reaches is only known from a first answer.
      const { lastSeq } = await fetchEvents(instanceId, 0, 1, signal);
      const { events, firstSeq } = await fetchEvents(instanceId, Math.max(0, lastSeq - PAGE), 2 * PAGE, signal);
      return { events, firstSeq };
    },
    // From here on the feed keeps it current.
    staleTime: Infinity,
  });

  const feed = useMemo(
    () =>
      new EventFeed({
        read: () => cache.getQueryData<EventLog>(queryKeys.events(instanceId)),
        write: (next) => cache.setQueryData(queryKeys.events(instanceId), next),
        fetchAfter: (after) => fetchEvents(instanceId, after, 10 * PAGE),
      }),
    [cache, instanceId],
  );

  useEffect(() => {
    const ends = REALTIME_EVENTS.map((name) =>
      client.on(name, (payload) => {
        if (payload.instanceId !== instanceId) return;
        const event = toInstanceEvent(name, payload);
        const { oldStatus, newStatus } = event?.payload ?? {};
        if (event) feed.hear(event, name === "instance:status:changed" && oldStatus === newStatus);
      }),
    );
    ends.push(client.onSubscribed((id) => void (id === instanceId && feed.catchUp())));
    return () => ends.forEach((end) => end());
  }, [client, feed, instanceId]);

  // While the first page was being read, live events found no log to be appended to.
  const loaded = log.isSuccess;
  useEffect(() => {
    if (!loaded) return;
    void feed.catchUp();
    if (live) return;
    const timer = setInterval(() => void feed.catchUp(), POLL_MS);
    return () => clearInterval(timer);
  }, [feed, loaded, live]);

  return log;
}

export function useEarlierEvents(instanceId: string) {
  const cache = useQueryClient();
  return useMutation<void, ApiError, void>({
    mutationFn: async () => {
      const queryKey = queryKeys.events(instanceId);
      const first = cache.getQueryData<EventLog>(queryKey)?.events[0]?.seq;
      if (first === undefined) return;
      const { events } = await fetchEvents(instanceId, Math.max(0, first - PAGE - 1), PAGE);
      cache.setQueryData<EventLog>(queryKey, (log) => log && prepend(log, events));
    },
  });
}
