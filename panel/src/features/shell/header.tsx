"use client";

import Link from "next/link";
import { usePathname } from "next/navigation";
import { ConnectionIndicator } from "@/features/connection/indicator";
import type { Session } from "@/features/session/session-store";
import { cn } from "@/lib/cn";
import { ROUTES } from "@/lib/routes";
import { Logo } from "@/ui/logo";
import { useServerVersion } from "./server-version";
import { ThemeMenu } from "./theme-menu";
import { UserMenu } from "./user-menu";

const PAGES = [
  { href: ROUTES.dashboard, label: "Dashboard", covers: (path: string) => path === "/" },
  { href: ROUTES.instances, label: "Instances", covers: (path: string) => path.startsWith("/instance") },
];
const SANDBOX = { href: ROUTES.sandbox, label: "Sandbox", covers: (path: string) => path.startsWith("/sandbox") };

export function Header({ user, onSignOut }: { user: Session["user"]; onSignOut: () => void }) {
  const path = usePathname();
  const pages = useServerVersion()?.sandbox ? [...PAGES, SANDBOX] : PAGES;
  return (
    <header className="sticky top-0 z-30 border-b border-line bg-surface/90 backdrop-blur">
      <div className="mx-auto flex min-h-14 max-w-6xl items-center gap-x-2 px-4 max-sm:flex-wrap sm:gap-6 sm:px-6">
        <Link href={ROUTES.dashboard} className="flex rounded-md" aria-label="Patchbay, to the dashboard">
          <Logo className="max-sm:gap-0 max-sm:text-[0px] max-sm:[&_svg]:size-7" />
        </Link>
        <nav
          aria-label="Main"
          // Three do not fit beside the rest on a phone.
          className={cn("flex gap-0.5 sm:gap-1", pages.length > 2 && "max-sm:order-last max-sm:-ml-2.5 max-sm:w-full max-sm:pb-2")}
        >
          {pages.map(({ href, label, covers }) => (
            <Link
              key={href}
              href={href}
              aria-current={covers(path) ? "page" : undefined}
              className={cn(
                "rounded-lg px-2.5 py-1.5 text-sm font-medium transition-colors sm:px-3",
                covers(path) ? "bg-raised text-ink" : "text-muted hover:text-ink",
              )}
            >
              {label}
            </Link>
          ))}
        </nav>
        <div className="ml-auto flex items-center gap-0.5 sm:gap-1.5">
          <ConnectionIndicator />
          <ThemeMenu />
          <UserMenu user={user} onSignOut={onSignOut} />
        </div>
      </div>
    </header>
  );
}
