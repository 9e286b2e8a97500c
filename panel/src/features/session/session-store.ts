// Who is signed in, in this browser. The panel is a set of static files, so no server of its own could hold an
// HttpOnly cookie; the token lies in localStorage ("stay signed in") or sessionStorage (until the tab closes), and
// panel/README.md says what follows from that. Framework-free; useSession() is the React side.
import type { User } from "@/api/types";

export interface Session {
  token: string;
  user: Pick<User, "id" | "email" | "name" | "role">;
}

export interface SessionState {
  session: Session | null;
  /** Whether the last session ended because the server refused its token. */
  expired: boolean;
}

const KEY = "patchbay.session";

type Stores = { persistent: Storage; temporary: Storage };

export class SessionStore {
  private state: SessionState = { session: null, expired: false };
  private loaded = false;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly stores: () => Stores | null) {}

  readonly getState = (): SessionState => {
    if (!this.loaded) {
      const stores = this.stores();
      if (stores) {
        this.loaded = true;
        this.state = { ...this.state, session: read(stores.temporary) ?? read(stores.persistent) };
      }
    }
    return this.state;
  };

  readonly getToken = (): string | null => this.getState().session?.token ?? null;

  signIn({ token, user: { id, email, name, role } }: { token: string; user: User }, persistent: boolean): void {
    const session: Session = { token, user: { id, email, name, role } };
    const stores = this.stores();
    this.forget();
    stores?.[persistent ? "persistent" : "temporary"].setItem(KEY, JSON.stringify(session));
    this.change({ session, expired: false });
  }

  readonly signOut = (): void => {
    this.forget();
    this.change({ session: null, expired: false });
  };

  /** The server refused the token. */
  readonly expire = (): void => {
    this.forget();
    this.change({ session: null, expired: true });
  };

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  /** Another tab signed in or out. */
  readonly onStorage = (event: Pick<StorageEvent, "key">): void => {
    if (event.key !== KEY && event.key !== null) return;
    const stores = this.stores();
    if (!stores) return;
    const session = read(stores.temporary) ?? read(stores.persistent);
    if (session?.token !== this.state.session?.token) this.change({ session, expired: false });
  };

  private forget(): void {
    const stores = this.stores();
    stores?.persistent.removeItem(KEY);
    stores?.temporary.removeItem(KEY);
  }

  private change(state: SessionState): void {
    this.loaded = true;
    this.state = state;
    for (const listener of [...this.listeners]) listener();
  }
}

function read(storage: Storage): Session | null {
  try {
    const value: unknown = JSON.parse(storage.getItem(KEY) ?? "null");
    const session = value as Session | null;
    return typeof session?.token === "string" && typeof session.user?.id === "string" ? session : null;
  } catch {
    return null;
  }
}

export const sessionStore = new SessionStore(() =>
  typeof window === "undefined" ? null : { persistent: window.localStorage, temporary: window.sessionStorage },
);
if (typeof window !== "undefined") window.addEventListener("storage", sessionStore.onStorage);
