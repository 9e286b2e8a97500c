"use client";

import { useCallback, type ReactNode } from "react";
import { useQueryClient } from "@tanstack/react-query";
import { queryKeys } from "@/api/query-keys";
import { OffNotice } from "@/features/connection/off-notice";
import { LiveUpdates } from "@/features/instances/live-updates";
import { signOut } from "@/features/session/api";
import { RequireSession } from "@/features/session/require-session";
import { sessionStore } from "@/features/session/session-store";
import { API_URL, IS_DEVELOPMENT_BUILD } from "@/lib/config";
import { RealtimeProvider } from "@/realtime";
import { Footer } from "./footer";
import { Header } from "./header";
import { SandboxBanner } from "./sandbox-banner";
import { serverVersionQuery } from "./server-version";

/** Everything around the pages of a signed-in user, the live connection included. */
export function Shell({ children }: { children: ReactNode }) {
  const cache = useQueryClient();
  const isDevelopment = useCallback(
    async () =>
      IS_DEVELOPMENT_BUILD ||
      cache.ensureQueryData(serverVersionQuery).then(
        ({ development }) => development,
        () => false,
      ),
    [cache],
  );
  const leave = () => {
    signOut();
    cache.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== queryKeys.version[0] });
  };
  return (
    <RequireSession>
      {({ user }) => (
        <RealtimeProvider
          key={user.id}
          url={API_URL || window.location.origin}
          getToken={sessionStore.getToken}
          isDevelopment={isDevelopment}
        >
          <LiveUpdates />
          <a
            href="#content"
            className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-60 focus:rounded-lg focus:bg-surface focus:px-3 focus:py-2"
          >
            Skip to the content
          </a>
          <div className="flex min-h-dvh flex-col">
            <SandboxBanner />
            <Header user={user} onSignOut={leave} />
            <OffNotice />
            <main id="content" className="mx-auto w-full max-w-6xl flex-1 px-4 pt-8 sm:px-6">
              {children}
            </main>
            <Footer />
          </div>
        </RealtimeProvider>
      )}
    </RequireSession>
  );
}
