import Link from "next/link";
import { ROUTES } from "@/lib/routes";
import { cn } from "@/lib/cn";
import { STATUS_LOOK, STATUSES, type StatusCounts } from "@/features/instances/status";

/** How many instances are in which state: numbers that lead to the list, and one bar of their shares. */
export function Counts({ counts, total }: { counts: StatusCounts; total: number }) {
  return (
    <section aria-label="Instances by status">
      <ul className="grid grid-cols-2 gap-3 sm:grid-cols-3 lg:grid-cols-6">
        {STATUSES.map((status) => {
          const { label, icon: Icon, badge } = STATUS_LOOK[status];
          return (
            <li key={status}>
              <Link
                href={`${ROUTES.instances}?status=${status}`}
                data-count={status}
                className="block rounded-xl border border-line bg-surface p-4 shadow-card transition-colors hover:border-line-strong/60"
              >
                <span className="flex items-center justify-between gap-2">
                  <span className="text-3xl font-semibold tracking-tight tabular-nums">{counts[status]}</span>
                  <span className={cn("grid size-8 place-items-center rounded-lg", badge)}>
                    <Icon aria-hidden className="size-4" />
                  </span>
                </span>
                <span className="mt-2 block truncate text-sm text-muted">{label}</span>
              </Link>
            </li>
          );
        })}
      </ul>
      {total > 0 && (
        <div aria-hidden className="mt-3 flex h-1.5 gap-0.5 overflow-hidden rounded-full">
          {STATUSES.filter((status) => counts[status] > 0).map((status) => (
            <span
              key={status}
              className={cn("h-full transition-[flex-grow] duration-500", STATUS_LOOK[status].solid)}
              style={{ flexGrow: counts[status], flexBasis: 0 }}
            />
          ))}
        </div>
      )}
    </section>
  );
}
