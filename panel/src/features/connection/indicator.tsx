"use client";

import { useEffect, useState } from "react";
import { Popover } from "radix-ui";
import { cn } from "@/lib/cn";
import { useConnectionInfo, useRealtimeClient } from "@/realtime";
import { buttonClass } from "@/ui/button";
import { ConnectionDetails } from "./details";
import { CONNECTION_LOOK } from "./status";

/** In the header of every page: whether what it shows is live, and on demand why not. */
export function ConnectionIndicator() {
  const client = useRealtimeClient();
  const info = useConnectionInfo();
  const { label, dot } = CONNECTION_LOOK[info.status];
  const [open, setOpen] = useState(false);
  const now = useBrowserNow(open);
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger
        data-connection={info.status}
        aria-label={`Live connection: ${label}`}
        className={cn(buttonClass({ variant: "ghost", size: "small" }), "max-sm:px-2")}
      >
        <span aria-hidden className={cn("size-2 rounded-full", dot)} />
        <span className={cn(info.status === "live" && "max-sm:hidden")}>{label}</span>
      </Popover.Trigger>
      <span role="status" className="sr-only">
        {label}
      </span>
      <Popover.Portal>
        <Popover.Content
          align="end"
          sideOffset={8}
          collisionPadding={12}
          aria-label="Live connection"
          className="z-50 w-84 max-w-[calc(100vw-1.5rem)] rounded-xl bg-overlay p-4 shadow-overlay animate-pop"
        >
          <ConnectionDetails info={info} now={now} onRetry={client.retry} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function useBrowserNow(active: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!active) return;
    const tick = () => setNow(Date.now());
    const first = setTimeout(tick);
    const timer = setInterval(tick, 500);
    return () => {
      clearTimeout(first);
      clearInterval(timer);
    };
  }, [active]);
  return now;
}
