import Link from "next/link";
import type { InstanceListItem } from "@/api/types";
import { StatusBadge } from "@/features/instances/status-badge";
import { InstanceSummary } from "@/features/instances/summary";
import { instanceHref } from "@/lib/routes";
import { formatAgo, formatDateTime } from "@/lib/time";

/** Short rows: name, what is going on, status. */
export function InstanceLines({ instances, nowMs }: { instances: InstanceListItem[]; nowMs: number }) {
  return (
    <ul className="divide-y divide-line border-t border-line">
      {instances.map((instance) => (
        <li key={instance.id} className="relative flex items-center gap-4 px-5 py-3 transition-colors hover:bg-raised/60">
          <div className="min-w-0 flex-1">
            <Link
              href={instanceHref(instance.id)}
              className="font-medium after:absolute after:inset-0 hover:underline"
            >
              {instance.name}
            </Link>
            <p className="text-sm text-muted">
              <InstanceSummary instance={instance} />
            </p>
          </div>
          {instance.statusSince && (
            <time
              dateTime={instance.statusSince}
              title={formatDateTime(instance.statusSince)}
              className="hidden text-sm whitespace-nowrap text-muted tabular-nums sm:block"
            >
              {formatAgo(instance.statusSince, nowMs)}
            </time>
          )}
          <StatusBadge status={instance.status} />
        </li>
      ))}
    </ul>
  );
}
