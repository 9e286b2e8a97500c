import { useSyncExternalStore } from "react";
import { sessionStore, type SessionState } from "./session-store";

/** Undefined while the page is still what the static export holds: nobody can tell yet who is signed in. */
export function useSession(): SessionState | undefined {
  return useSyncExternalStore<SessionState | undefined>(
    sessionStore.subscribe,
    sessionStore.getState,
    () => undefined,
  );
}
