import type { ComponentProps } from "react";
import { LoaderCircle } from "lucide-react";
import { cn } from "@/lib/cn";

const VARIANTS = {
  primary: "bg-primary text-primary-ink hover:bg-primary-hover shadow-card",
  secondary: "bg-surface text-ink border border-line hover:bg-raised shadow-card",
  ghost: "text-muted hover:bg-raised hover:text-ink",
  danger: "bg-danger-soft text-danger hover:text-danger-hover border border-transparent hover:border-danger",
} as const;

const SIZES = {
  medium: "h-9 px-3.5 text-sm gap-2",
  small: "h-8 px-2.5 text-[0.8125rem] gap-1.5",
  icon: "size-9 shrink-0",
} as const;

export interface ButtonLook {
  variant?: keyof typeof VARIANTS;
  size?: keyof typeof SIZES;
}

/** For links that look like buttons. */
export function buttonClass({ variant = "secondary", size = "medium" }: ButtonLook = {}): string {
  return cn(
    "inline-flex items-center justify-center rounded-lg font-medium whitespace-nowrap transition-colors",
    "disabled:opacity-50 disabled:cursor-not-allowed [&_svg]:size-4 [&_svg]:shrink-0",
    VARIANTS[variant],
    SIZES[size],
  );
}

export type ButtonProps = ComponentProps<"button"> & ButtonLook & { busy?: boolean };

export function Button({ variant, size, busy = false, className, children, disabled, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={cn(buttonClass({ variant, size }), className)}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
    >
      {busy && <LoaderCircle aria-hidden className="animate-spin" />}
      {children}
    </button>
  );
}

/** A square button that shows only an icon; the label is for screen readers and the pointer's hint. */
export function IconButton({ label, variant = "ghost", ...rest }: ButtonProps & { label: string }) {
  return <Button {...rest} variant={variant} size="icon" aria-label={label} title={label} />;
}
