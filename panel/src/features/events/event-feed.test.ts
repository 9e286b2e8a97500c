import { describe, expect, it } from "vitest";
import type { EventPage, InstanceEvent } from "@/api/types";
import { EventFeed, toInstanceEvent } from "./event-feed";
import { append, hasEarlier, prepend, type EventLog } from "./event-log";

const event = (seq: number): InstanceEvent => ({
  seq,
  instanceId: "a",
  type: "instance:status:changed",
  timestamp: "2026-01-10T12:00:00.000Z",
  payload: {},
});
const events = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => event(from + i));
const log = (from: number, to: number, firstSeq = 1): EventLog => ({ events: events(from, to), firstSeq });
const numbers = (of: EventLog) => of.events.map(({ seq }) => seq);

/** A server that holds the given events, and a feed over it. */
function setUp(initial: EventLog, stored: InstanceEvent[], pageSize = 100) {
  const server = { stored, reads: [] as number[], fail: false };
  let current: EventLog | undefined = initial;
  const feed = new EventFeed({
    read: () => current,
    write: (next) => void (current = next),
    fetchAfter: async (after): Promise<EventPage> => {
      server.reads.push(after);
      await Promise.resolve();
      if (server.fail) throw new Error("unreachable");
      const later = server.stored.filter(({ seq }) => seq > after);
      const page = later.slice(0, pageSize);
      return {
        events: page,
        firstSeq: server.stored[0]?.seq ?? 0,
        lastSeq: server.stored.at(-1)?.seq ?? 0,
        nextAfter: page.at(-1)?.seq ?? after,
        hasMore: later.length > page.length,
      };
    },
  });
  return { feed, server, seen: () => numbers(current!) };
}

describe("the feed", () => {
  it("appends live events that follow, without asking the server", () => {
    const { feed, server, seen } = setUp(log(1, 3), events(1, 5));
    feed.hear(event(4), false);
    feed.hear(event(5), false);
    feed.hear(event(5), false);
    expect(seen()).toEqual([1, 2, 3, 4, 5]);
    expect(server.reads).toEqual([]);
  });

  it("reads what is missing when a number was skipped", async () => {
    const { feed, server, seen } = setUp(log(1, 3), events(1, 7));
    feed.hear(event(7), false);
    await feed.catchUp();
    expect(seen()).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(server.reads).toEqual([3]);
  });

  it("never takes the replayed present for an event", async () => {
    const { feed, server, seen } = setUp(log(1, 3), events(1, 4));
    feed.hear(event(4), true);
    expect(seen()).toEqual([1, 2, 3]);
    await feed.catchUp();
    expect(seen()).toEqual([1, 2, 3, 4]);
    expect(server.reads).toEqual([3]);
  });

  it("loses nothing of what happens while it reads", async () => {
    const { feed, server, seen } = setUp(log(1, 3), events(1, 5));
    const reading = feed.catchUp();
    await Promise.resolve();
    server.stored = events(1, 6);
    feed.hear(event(6), false);
    await reading;
    expect(seen()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("reads page after page", async () => {
    const { feed, server, seen } = setUp(log(1, 1), events(1, 6), 2);
    await feed.catchUp();
    expect(seen()).toEqual([1, 2, 3, 4, 5, 6]);
    expect(server.reads).toEqual([1, 3, 5]);
  });

  it("begins anew where retention has removed what followed", async () => {
    const { feed, seen } = setUp(log(1, 3), events(8, 9));
    await feed.catchUp();
    expect(seen()).toEqual([8, 9]);
  });

  it("keeps what it has when the server cannot be reached, and goes on later", async () => {
    const { feed, server, seen } = setUp(log(1, 3), events(1, 5));
    server.fail = true;
    await feed.catchUp();
    expect(seen()).toEqual([1, 2, 3]);
    server.fail = false;
    await feed.catchUp();
    expect(seen()).toEqual([1, 2, 3, 4, 5]);
  });
});

describe("the log", () => {
  it("adds nothing across a gap, on either side", () => {
    expect(numbers(append(log(4, 5), [event(8), event(6)]))).toEqual([4, 5, 6]);
    expect(numbers(prepend(log(4, 5), [event(1), event(3)]))).toEqual([3, 4, 5]);
  });

  it("knows whether the server keeps earlier events", () => {
    expect([hasEarlier(log(4, 5)), hasEarlier(log(4, 5, 4)), hasEarlier({ events: [], firstSeq: 0 })]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

it("takes events from Socket.IO without the picture of a code", () => {
  const payload = { instanceId: "a", seq: 2, timestamp: "2026-01-10T12:00:00.000Z", qrCode: "data:", qrText: "2@" };
  expect(toInstanceEvent("instance:qr:generated", payload)?.payload).toEqual({
    instanceId: "a",
    seq: 2,
    timestamp: "2026-01-10T12:00:00.000Z",
    qrText: "2@",
  });
  expect(toInstanceEvent("instance:connected", { instanceId: "a" })).toBeUndefined();
});
