import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api";
import type { ApiError } from "@/api/errors";
import { queryKeys } from "@/api/query-keys";
import type { ApiKey, ApiKeyPermissions } from "@/api/types";

export function useApiKeys(instanceId: string) {
  return useQuery<ApiKey[], ApiError>({
    queryKey: queryKeys.apiKeys(instanceId),
    queryFn: async ({ signal }) =>
      (await api.request("get", "/api/instances/{id}/keys", { path: { id: instanceId }, signal })).apiKeys,
  });
}

export interface ApiKeyInput {
  name: string;
  permissions: ApiKeyPermissions;
  rateLimit: number;
  isActive: boolean;
  /** ISO 8601; null for never. */
  expiresAt: string | null;
}

/** Creates a key, or changes the one with the given id. */
export function useSaveApiKey(instanceId: string, keyId: string | null) {
  const cache = useQueryClient();
  return useMutation<unknown, ApiError, ApiKeyInput>({
    mutationFn: ({ isActive, expiresAt, ...input }) =>
      keyId === null
        ? api.request("post", "/api/instances/{id}/keys", {
            path: { id: instanceId },
            body: { ...input, expiresAt: expiresAt ?? undefined },
          })
        : api.request("put", "/api/instances/{id}/keys/{keyId}", {
            path: { id: instanceId, keyId },
            body: { ...input, isActive, expiresAt },
          }),
    onSuccess: () => {
      void cache.invalidateQueries({ queryKey: queryKeys.apiKeys(instanceId) });
      void cache.invalidateQueries({ queryKey: queryKeys.instances });
    },
  });
}

export function useDeleteApiKey(instanceId: string) {
  const cache = useQueryClient();
  return useMutation<unknown, ApiError, string>({
    mutationFn: (keyId) =>
      api.request("delete", "/api/instances/{id}/keys/{keyId}", { path: { id: instanceId, keyId } }),
    onSuccess: () => {
      void cache.invalidateQueries({ queryKey: queryKeys.apiKeys(instanceId) });
      void cache.invalidateQueries({ queryKey: queryKeys.instances });
    },
  });
}
