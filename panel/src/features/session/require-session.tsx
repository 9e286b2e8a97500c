"use client";

import { useEffect, type ReactNode } from "react";
import { useRouter } from "next/navigation";
import { ROUTES } from "@/lib/routes";
import { Logo } from "@/ui/logo";
import type { Session } from "./session-store";
import { useSession } from "./use-session";

/** Shows its children to whoever is signed in and sends everybody else to the login page, and back afterwards. */
export function RequireSession({ children }: { children: (session: Session) => ReactNode }) {
  const router = useRouter();
  const state = useSession();
  const missing = state !== undefined && state.session === null;
  useEffect(() => {
    if (!missing) return;
    const { pathname, search } = window.location;
    const here = pathname + search;
    router.replace(here === ROUTES.dashboard ? ROUTES.login : `${ROUTES.login}?next=${encodeURIComponent(here)}`);
  }, [missing, router]);
  if (!state?.session) {
    return (
      <div className="grid min-h-dvh place-items-center text-muted">
        <Logo />
      </div>
    );
  }
  return children(state.session);
}
