// What the build decides. Everything else the panel learns from the server at run time.

/** The server's origin without a trailing slash. Empty (the default): the origin that served the panel. */
export const API_URL = (process.env.NEXT_PUBLIC_API_URL ?? "").replace(/\/+$/, "");

export const IS_DEVELOPMENT_BUILD = process.env.NODE_ENV === "development";
