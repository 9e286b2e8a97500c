"use client";

import { RotateCw } from "lucide-react";
import type { ConnectionInfo } from "@/realtime";
import { formatCountdown, formatDateTime } from "@/lib/time";
import { Button } from "@/ui/button";
import { CONNECTION_LOOK } from "./status";

const AUTHENTICATION = { token: "Token", query: "Token, as a query parameter", none: "None (development)" };

/** `now`: this browser's time, which is what nextRetryAt is in. */
export function ConnectionDetails({ info, now, onRetry }: { info: ConnectionInfo; now: number; onRetry: () => void }) {
  const rows: [string, string | null][] = [
    ["Server", info.url],
    ["Transport", info.transport],
    ["Authentication", info.authentication && AUTHENTICATION[info.authentication]],
    ["Socket", info.socketId],
    ["Connected since", info.connected && info.connectedSince ? formatDateTime(info.connectedSince) : null],
    ["Subscriptions", info.connected ? subscriptions(info) : null],
    ["Failed attempts", info.failures > 0 ? String(info.failures) : null],
    ["Next attempt in", info.nextRetryAt ? formatCountdown(Date.parse(info.nextRetryAt) - now) : null],
    ["Last error", info.lastError],
  ];
  return (
    <div className="text-sm">
      <p className="font-semibold">{CONNECTION_LOOK[info.status].label}</p>
      <p className="text-muted">{CONNECTION_LOOK[info.status].explanation}</p>
      <dl className="mt-3 grid grid-cols-[auto_1fr] gap-x-4 gap-y-1.5">
        {rows.map(
          ([name, value]) =>
            value !== null && (
              <div key={name} className="contents">
                <dt className="text-muted">{name}</dt>
                <dd className="min-w-0 break-words tabular-nums">{value}</dd>
              </div>
            ),
        )}
      </dl>
      {info.status !== "live" && (
        <Button size="small" className="mt-4 w-full" onClick={onRetry}>
          <RotateCw aria-hidden />
          Retry now
        </Button>
      )}
    </div>
  );
}

function subscriptions({ subscriptions: all }: ConnectionInfo): string {
  const confirmed = all.filter(({ state }) => state === "confirmed").length;
  return confirmed === all.length ? String(all.length) : `${confirmed} of ${all.length} confirmed`;
}
