import { cn } from "@/lib/cn";

/** Two jacks and the cable between them. */
export function LogoMark({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" aria-hidden className={className} fill="none">
      <rect width="32" height="32" rx="8" className="fill-primary" />
      <path
        d="M10 11v3.5c0 7 12 1.5 12 8"
        className="stroke-cable"
        strokeWidth="2.6"
        strokeLinecap="round"
      />
      <circle cx="10" cy="9" r="3" className="fill-primary-ink" />
      <circle cx="22" cy="23" r="3" className="fill-primary-ink" />
      <circle cx="22" cy="9" r="2" className="fill-primary-ink" opacity=".38" />
      <circle cx="10" cy="23" r="2" className="fill-primary-ink" opacity=".38" />
    </svg>
  );
}

export function Logo({ className }: { className?: string }) {
  return (
    <span className={cn("inline-flex items-center gap-2.5 font-semibold tracking-tight", className)}>
      <LogoMark className="size-[1.75em]" />
      Patchbay
    </span>
  );
}
