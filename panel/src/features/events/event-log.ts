// What the feed of an instance holds: events without gaps, in the order of their numbers. Pure.
import type { InstanceEvent } from "@/api/types";

export interface EventLog {
  /** Consecutive numbers, oldest first. */
  events: InstanceEvent[];
  /** The oldest event that the server still keeps; 0 when there is none. */
  firstSeq: number;
}

/** Longer logs forget their oldest events; the server still has them. */
export const MAX_EVENTS = 1_000;

export function lastSeq(log: EventLog): number {
  return log.events.at(-1)?.seq ?? 0;
}

/** Whether the event can follow the log as it stands. */
export function continues(log: EventLog, seq: number): boolean {
  return seq === lastSeq(log) + 1;
}

/** Adds later events. What is known already is left out, and nothing is added across a gap. */
export function append(log: EventLog, later: InstanceEvent[]): EventLog {
  const events = [...log.events];
  for (const event of later.toSorted((a, b) => a.seq - b.seq)) {
    const last = events.at(-1)?.seq;
    if (last === undefined || event.seq === last + 1) events.push(event);
  }
  return { ...log, events: events.slice(-MAX_EVENTS) };
}

/** Adds earlier events in front; those that do not reach the log's first one are left out. */
export function prepend(log: EventLog, earlier: InstanceEvent[]): EventLog {
  const events = [...log.events];
  for (const event of earlier.toSorted((a, b) => b.seq - a.seq)) {
    const first = events[0]?.seq;
    if (first === undefined || event.seq === first - 1) events.unshift(event);
  }
  return { ...log, events };
}

export function hasEarlier({ events, firstSeq }: EventLog): boolean {
  const first = events[0]?.seq;
  return first !== undefined && firstSeq > 0 && first > firstSeq;
}
