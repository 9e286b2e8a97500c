// The panel's one API client, bound to the session.
import { API_URL } from "@/lib/config";
import { sessionStore } from "@/features/session/session-store";
import { ApiClient } from "./client";

export const api = new ApiClient({
  baseUrl: API_URL,
  getToken: sessionStore.getToken,
  onUnauthorized: sessionStore.expire,
});
