// Keeps one instance's log complete. Live events are appended when they follow what is there; otherwise, and after
// every subscription, the missing ones are read by REST. Framework-free: where the log is kept and how pages are read
// is given.
import type { EventPage, InstanceEvent, InstanceEventType } from "@/api/types";
import { append, continues, lastSeq, type EventLog } from "./event-log";

export interface EventFeedOptions {
  read: () => EventLog | undefined;
  write: (log: EventLog) => void;
  /** Events with a greater number than `after`, in order. */
  fetchAfter: (after: number) => Promise<EventPage>;
}

export class EventFeed {
  private reading: Promise<void> | undefined;
  private highestHeard = 0;

  constructor(private readonly options: EventFeedOptions) {}

  /** A live event. `isReplay`: the present told again to a new subscriber, which is no event of the log. */
  hear(event: InstanceEvent, isReplay: boolean): void {
    this.highestHeard = Math.max(this.highestHeard, event.seq);
    const log = this.options.read();
    if (!log || event.seq <= lastSeq(log)) return;
    if (!isReplay && !this.reading && continues(log, event.seq)) this.options.write(append(log, [event]));
    else void this.catchUp();
  }

  /** Reads what is missing; one reading at a time, and again while something newer was heard of. */
  catchUp(): Promise<void> {
    this.reading ??= this.readMissing().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  private async readMissing(): Promise<void> {
    for (;;) {
      const log = this.options.read();
      if (!log) return;
      const page = await this.options.fetchAfter(lastSeq(log)).catch(() => undefined);
      // The next event, subscription or poll tries again.
      if (!page) return;
      const [first] = page.events;
      // Retention has removed what followed: a log without gaps can only begin anew.
      const base = first && first.seq > lastSeq(log) + 1 ? { ...log, events: [] } : log;
      const next = append({ ...base, firstSeq: page.firstSeq }, page.events);
      this.options.write(next);
      const more = page.hasMore || this.highestHeard > lastSeq(next);
      if (!more || page.events.length === 0) return;
    }
  }
}

/** The shape of the log's events for what arrived over Socket.IO; nothing when it has no number. */
export function toInstanceEvent(
  type: InstanceEventType,
  payload: { instanceId: string; seq?: number; timestamp?: string },
): InstanceEvent | undefined {
  const { instanceId, seq, timestamp } = payload;
  if (seq === undefined || timestamp === undefined) return undefined;
  return { seq, instanceId, type, timestamp, payload: withoutPicture({ ...payload }) };
}

/** The picture of a code is long, secret while it is valid, and of no use in a log. */
export function withoutPicture(payload: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(payload).filter(([name]) => name !== "qrCode"));
}
