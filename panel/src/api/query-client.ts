import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "./errors";

export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // A server of one's own is often reachable without the Internet.
        networkMode: "always",
        staleTime: 5_000,
        retry: (failures, error) => failures < 1 && !(error instanceof ApiError && error.status >= 400),
        retryDelay: 500,
      },
      mutations: { networkMode: "always", retry: false },
    },
  });
}
