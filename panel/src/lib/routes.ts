// Every page of the panel. Static files know no path parameters, so an instance's page takes its id in the query.

export const ROUTES = {
  dashboard: "/",
  instances: "/instances/",
  sandbox: "/sandbox/",
  login: "/login/",
  register: "/register/",
} as const;

export function instanceHref(id: string): string {
  return `/instance/?id=${encodeURIComponent(id)}`;
}

/** Where to go after signing in: only ever a page of this panel. */
export function safeReturnPath(next: string | null): string {
  if (!next || !next.startsWith("/") || next.startsWith("//") || next.includes("\\")) return ROUTES.dashboard;
  return next;
}
