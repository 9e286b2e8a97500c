import type { ReactNode } from "react";
import { cn } from "@/lib/cn";

export interface CardProps {
  title?: string;
  description?: ReactNode;
  /** Shown at the right of the title. */
  action?: ReactNode;
  children: ReactNode;
  className?: string;
  /** Without inner spacing: for lists that reach the edges. */
  flush?: boolean;
}

export function Card({ title, description, action, children, className, flush = false }: CardProps) {
  return (
    <section
      aria-label={title}
      className={cn("rounded-xl border border-line bg-surface shadow-card min-w-0", className)}
    >
      {title && (
        <header className="flex items-start justify-between gap-3 px-5 pt-4 pb-3">
          <div className="min-w-0">
            <h2 className="text-[0.9375rem] font-semibold">{title}</h2>
            {description && <p className="mt-0.5 text-sm text-muted">{description}</p>}
          </div>
          {action && <div className="shrink-0">{action}</div>}
        </header>
      )}
      <div className={cn(!flush && (title ? "px-5 pb-5" : "p-5"))}>{children}</div>
    </section>
  );
}
