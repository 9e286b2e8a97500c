"use client";

import { CloudOff } from "lucide-react";
import { POLL_MS } from "@/features/instances/api";
import { useConnectionInfo, useRealtimeClient } from "@/realtime";
import { Button } from "@/ui/button";

/** Says on every page when it is no longer live, and what happens instead. */
export function OffNotice() {
  const client = useRealtimeClient();
  const { status, lastError } = useConnectionInfo();
  if (status !== "off") return null;
  return (
    <div role="alert" className="border-b border-line bg-surface">
      <div className="mx-auto flex max-w-6xl flex-wrap items-center gap-x-4 gap-y-2 px-4 py-2.5 text-sm sm:px-6">
        <CloudOff aria-hidden className="size-4 shrink-0 text-danger" />
        <p className="min-w-0 flex-1 basis-60">
          <strong className="font-semibold">Live updates are off.</strong>{" "}
          <span className="text-muted">
            This page asks the server every {POLL_MS / 1000} seconds instead.
            {lastError && ` Last error: ${lastError}.`}
          </span>
        </p>
        <Button size="small" onClick={client.retry}>
          Retry now
        </Button>
      </div>
    </div>
  );
}
