import { queryOptions, useQuery } from "@tanstack/react-query";
import { api } from "@/api";
import { queryKeys } from "@/api/query-keys";
import type { ServerVersion } from "@/api/types";

export const serverVersionQuery = queryOptions<ServerVersion>({
  queryKey: queryKeys.version,
  queryFn: ({ signal }) => api.request("get", "/api/version", { signal }),
  staleTime: 60_000,
});

export function useServerVersion(): ServerVersion | undefined {
  return useQuery(serverVersionQuery).data;
}
