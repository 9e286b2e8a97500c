"use client";

import type { NextStep } from "@/api/types";
import { cn } from "@/lib/cn";
import { formatCountdown } from "@/lib/time";
import { useNow } from "@/lib/use-now";

/** What happens next by itself, or who has to act; with the time left where there is a deadline to wait for. */
export function NextStepText({ nextStep, oneLine = false }: { nextStep: NextStep; oneLine?: boolean }) {
  const waits = nextStep.at !== null && nextStep.what !== "WATCH_LIVENESS";
  const now = useNow(waits);
  return (
    <span className={cn(oneLine && "flex min-w-0")}>
      <span className={cn(oneLine && "truncate")}>{nextStep.text}</span>
      {waits && (
        <span className="shrink-0 tabular-nums">&nbsp;({formatCountdown(Date.parse(nextStep.at!) - now)})</span>
      )}
    </span>
  );
}
