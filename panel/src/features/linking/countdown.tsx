"use client";

import { cn } from "@/lib/cn";
import { formatCountdown } from "@/lib/time";
import { useNow } from "@/lib/use-now";

export interface CountdownProps {
  expiry: string | null;
  /** Only the length of the bar depends on it. */
  usualLifetimeMs: number;
  /** Said once it has run out. */
  over: string;
}

/** How long something is still valid, as a bar and in words. */
export function Countdown({ expiry, usualLifetimeMs, over }: CountdownProps) {
  const now = useNow(expiry !== null);
  if (!expiry) return null;
  const left = Date.parse(expiry) - now;
  const share = Math.min(1, Math.max(0, left / usualLifetimeMs));
  return (
    <>
      <div aria-hidden className="h-1 overflow-hidden rounded-full bg-raised">
        <div
          className={cn(
            "h-full origin-left rounded-full transition-transform duration-1000 ease-linear",
            left > 10_000 ? "bg-accent" : "bg-orange",
          )}
          style={{ transform: `scaleX(${share})` }}
        />
      </div>
      <p className="mt-2 text-center text-sm tabular-nums">
        {left > 0 ? `Valid for ${formatCountdown(left)}` : over}
      </p>
    </>
  );
}
