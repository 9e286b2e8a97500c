import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api";
import type { ApiError } from "@/api/errors";
import { queryKeys } from "@/api/query-keys";
import type { SimulationAction } from "@/api/types";

export function useSimulation(instanceId: string) {
  const cache = useQueryClient();
  return useMutation<unknown, ApiError, SimulationAction>({
    mutationFn: (action) =>
      api.request("post", "/api/simulation/instances/{id}", {
        path: { id: instanceId },
        // One attempt that fails is over before anybody sees it.
        body: action === "unreachable" || action === "refuse" ? { action, count: 2 } : { action },
      }),
    onSettled: () => cache.invalidateQueries({ queryKey: queryKeys.instance(instanceId) }),
  });
}
