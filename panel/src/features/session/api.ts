import { useMutation } from "@tanstack/react-query";
import { api } from "@/api";
import type { ApiError } from "@/api/errors";
import { sessionStore } from "./session-store";

export interface Credentials {
  email: string;
  password: string;
}

export function useLogin(persistent: boolean) {
  return useMutation<unknown, ApiError, Credentials>({
    mutationFn: async (credentials) => {
      sessionStore.signIn(await api.request("post", "/api/auth/login", { body: credentials }), persistent);
    },
  });
}

export function useRegister() {
  return useMutation<unknown, ApiError, Credentials & { name: string }>({
    mutationFn: async (registration) => {
      sessionStore.signIn(await api.request("post", "/api/auth/register", { body: registration }), true);
    },
  });
}

/** Signs out here whatever the server says to it. */
export function signOut(): void {
  api.request("post", "/api/auth/logout", {}).catch(() => undefined);
  sessionStore.signOut();
}
