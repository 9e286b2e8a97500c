// The ways to introduce oneself, in the order of the setup guide. The first handshake offers the token in every place
// that stays out of URLs (auth.token, auth.authorization, the Authorization header of polling requests). The query
// parameter ends up in the logs of proxies, so it is tried only after a server has refused the first, and only when
// that server did not look at auth.token. Without a credential at all: in development only.

export type HandshakeName = "token" | "query" | "none";

export interface Handshake {
  name: HandshakeName;
  auth: Record<string, string>;
  query: Record<string, string>;
  extraHeaders: Record<string, string>;
}

export function handshakeFor(name: HandshakeName, token: string | null): Handshake {
  const none: Handshake = { name, auth: {}, query: {}, extraHeaders: {} };
  if (name === "none" || !token) return none;
  const bearer = `Bearer ${token}`;
  const offered = { ...none, auth: { token, authorization: bearer }, extraHeaders: { Authorization: bearer } };
  return name === "query" ? { ...offered, query: { token } } : offered;
}

export interface Refusal {
  message: string;
  /** What the server added: {code, tried, hint}, if it did. */
  data?: unknown;
}

export function isAuthenticationRefusal({ message }: Refusal): boolean {
  return /authentication|unauthorized/i.test(message);
}

/** The handshake to try after `refused` was refused; nothing when there is none left. */
export function nextHandshake(
  refused: HandshakeName,
  refusal: Refusal,
  { development, token }: { development: boolean; token: string | null },
): HandshakeName | undefined {
  if (refused === "token" && token && !hasLookedAtToken(refusal)) return "query";
  if (refused !== "none" && development) return "none";
  return undefined;
}

// A server that has read the token and refused it refuses it in the URL as well.
function hasLookedAtToken({ data }: Refusal): boolean {
  const tried = (data as { tried?: unknown } | null | undefined)?.tried;
  return Array.isArray(tried) && tried.includes("auth.token");
}
