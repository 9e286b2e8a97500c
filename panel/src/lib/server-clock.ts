// Deadlines come in the server's time; a browser whose clock is off would count down wrongly. Every answer of the
// server carries its time, from which the difference is estimated.
let offsetMs = 0;

/** `timestamp`: the server's time in ISO 8601, as it just arrived. */
export function observeServerTime(timestamp: string, now = Date.now()): void {
  const server = Date.parse(timestamp);
  if (Number.isFinite(server)) offsetMs = server - now;
}

/** The server's time, in milliseconds since 1970. */
export function serverNow(now = Date.now()): number {
  return now + offsetMs;
}
