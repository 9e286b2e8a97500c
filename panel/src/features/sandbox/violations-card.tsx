"use client";

import { ShieldCheck } from "lucide-react";
import { formatClock, formatDateTime } from "@/lib/time";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { ErrorState } from "@/ui/feedback";
import { useClearViolations, useViolations } from "./api";

const SHOWN = 50;

/** What clients did against the protocol, newest first. Nothing is what one hopes for. */
export function ViolationsCard() {
  const violations = useViolations();
  const clear = useClearViolations();
  const { total = 0, violations: kept = [] } = violations.data ?? {};
  return (
    <Card
      title="Violations"
      description="What clients did against the protocol."
      action={
        total > 0 && (
          <Button size="small" busy={clear.isPending} onClick={() => clear.mutate()}>
            Clear
          </Button>
        )
      }
    >
      {violations.error && !violations.data ? (
        <ErrorState title="Not known" error={violations.error} />
      ) : total === 0 ? (
        <p className="flex items-center gap-2 text-sm text-muted">
          <ShieldCheck aria-hidden className="size-4 shrink-0 text-green" />
          None.
        </p>
      ) : (
        <>
          <p className="text-sm text-muted">{total} so far.</p>
          <ol aria-label="Violations, newest first" className="mt-2 max-h-96 space-y-3 overflow-y-auto text-sm">
            {kept
              .slice(-SHOWN)
              .toReversed()
              .map(({ time, rule, device, connection, description }, index) => (
                <li key={`${time}-${connection}-${index}`}>
                  <p className="flex flex-wrap items-baseline gap-x-2">
                    <code className="font-mono text-[0.8125rem] text-danger">{rule}</code>
                    <time dateTime={time} title={formatDateTime(time)} className="text-[0.8125rem] text-muted">
                      {formatClock(time)}
                    </time>
                  </p>
                  <p className="break-words">{description}</p>
                  <p className="text-[0.8125rem] break-all text-muted">
                    Connection {connection}
                    {device && `, ${device}`}
                  </p>
                </li>
              ))}
          </ol>
        </>
      )}
    </Card>
  );
}
