export interface BackoffOptions {
  /** Milliseconds before the first retry. */
  firstDelayMs: number;
  maxDelayMs: number;
  /** 0 … 1 for each call, spreads many clients over time. */
  random: () => number;
}

export const DEFAULT_BACKOFF: BackoffOptions = { firstDelayMs: 1_000, maxDelayMs: 30_000, random: Math.random };

/** Milliseconds to wait after the `failures`th failure in a row (1, 2, …): doubling, between 75 and 125 percent. */
export function backoffDelay(failures: number, { firstDelayMs, maxDelayMs, random }: BackoffOptions): number {
  const doubled = firstDelayMs * 2 ** Math.min(failures - 1, 16);
  return Math.round(Math.min(doubled, maxDelayMs) * (0.75 + random() / 2));
}
