import {
  CircleAlert,
  CircleCheck,
  CircleMinus,
  Fingerprint,
  Keyboard,
  QrCode,
  Shuffle,
  type LucideIcon,
} from "lucide-react";
import type { InstanceEvent, InstanceEventType } from "@/api/types";
import { cn } from "@/lib/cn";
import { formatAgo, formatDateTime } from "@/lib/time";
import { describeEvent } from "./describe-event";

const ICONS: Record<InstanceEventType, { icon: LucideIcon; tone: string }> = {
  "instance:status:changed": { icon: Shuffle, tone: "bg-raised text-muted" },
  "instance:qr:generated": { icon: QrCode, tone: "bg-amber-soft text-amber" },
  "instance:pair-code:generated": { icon: Keyboard, tone: "bg-amber-soft text-amber" },
  "instance:passkey:required": { icon: Fingerprint, tone: "bg-amber-soft text-amber" },
  "instance:passkey:code": { icon: Fingerprint, tone: "bg-amber-soft text-amber" },
  "instance:connected": { icon: CircleCheck, tone: "bg-green-soft text-green" },
  "instance:disconnected": { icon: CircleMinus, tone: "bg-gray-soft text-gray" },
  "instance:error": { icon: CircleAlert, tone: "bg-danger-soft text-danger" },
};

/** Newest first; each opens to what was sent. */
export function EventList({ events, nowMs }: { events: InstanceEvent[]; nowMs: number }) {
  return (
    <ol aria-label="Events, newest first" className="divide-y divide-line" reversed>
      {events.toReversed().map((event) => {
        const { icon: Icon, tone } = ICONS[event.type] ?? { icon: Shuffle, tone: "bg-raised text-muted" };
        const { title, detail } = describeEvent(event);
        return (
          <li key={event.seq} data-seq={event.seq} data-event={event.type}>
            <details className="group">
              <summary className="flex items-start gap-3 px-5 py-3 transition-colors list-none hover:bg-raised/60 focus-visible:-outline-offset-2 [&::-webkit-details-marker]:hidden">
                <span className={cn("mt-0.5 grid size-6 shrink-0 place-items-center rounded-full", tone)}>
                  <Icon aria-hidden className="size-3.5" />
                </span>
                <span className="min-w-0 flex-1">
                  <span className="block text-sm font-medium">{title}</span>
                  {detail && <span className="block text-sm text-muted break-words">{detail}</span>}
                </span>
                <span className="shrink-0 text-right text-[0.8125rem] text-muted tabular-nums">
                  <time dateTime={event.timestamp} title={formatDateTime(event.timestamp)} className="block">
                    {formatAgo(event.timestamp, nowMs)}
                  </time>
                  <span>#{event.seq}</span>
                </span>
              </summary>
              <div className="px-5 pb-4 pl-14">
                <p className="mb-1 font-mono text-xs text-muted">{event.type}</p>
                <pre className="max-h-72 overflow-auto rounded-lg bg-raised p-3 font-mono text-xs">
                  {JSON.stringify(event.payload, null, 2)}
                </pre>
              </div>
            </details>
          </li>
        );
      })}
    </ol>
  );
}
