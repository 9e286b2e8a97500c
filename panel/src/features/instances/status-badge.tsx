import type { InstanceStatus } from "@/api/types";
import { cn } from "@/lib/cn";
import { STATUS_LOOK } from "./status";

export function StatusBadge({ status, large = false }: { status: InstanceStatus; large?: boolean }) {
  const { label, icon: Icon, badge, moving } = STATUS_LOOK[status];
  return (
    <span
      data-status={status}
      className={cn(
        "inline-flex items-center gap-1.5 rounded-full font-medium whitespace-nowrap",
        large ? "px-3 py-1 text-sm" : "px-2.5 py-0.5 text-[0.8125rem]",
        badge,
      )}
    >
      <Icon aria-hidden className={cn("size-3.5 shrink-0", moving && "animate-spin [animation-duration:2s]")} />
      {label}
    </span>
  );
}
