// What the panel asks the sandbox; the answers live in the one cache.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api";
import type { ApiError } from "@/api/errors";
import { queryKeys } from "@/api/query-keys";
import type { InstanceListItem } from "@/api/types";
import type { NewFault, NewPhone, PhoneAction, SandboxFault, SandboxPhone, SandboxViolations } from "./types";

/** The sandbox tells nothing by itself. */
const POLL_MS = 2_000;

function useSandbox<T>(part: string) {
  return useQuery<T, ApiError>({
    queryKey: queryKeys.sandboxPart(part),
    queryFn: ({ signal }) => api.send("get", `/api/sandbox/${part}`, { signal }) as Promise<T>,
    refetchInterval: POLL_MS,
  });
}

export const usePhones = () => useSandbox<SandboxPhone[]>("phones");
export const useFaults = () => useSandbox<SandboxFault[]>("faults");
export const useViolations = () => useSandbox<SandboxViolations>("violations");

/** Does one thing to the sandbox, and asks for its state again. */
function useSandboxMutation<Given>(act: (given: Given) => Promise<unknown>) {
  const cache = useQueryClient();
  return useMutation<unknown, ApiError, Given>({
    mutationFn: act,
    onSettled: () => {
      void cache.invalidateQueries({ queryKey: queryKeys.sandbox });
      void cache.invalidateQueries({ queryKey: queryKeys.instances });
    },
  });
}

const phonePath = (number: string) => `/api/sandbox/phones/${encodeURIComponent(number)}`;

export const useCreatePhone = () =>
  useSandboxMutation((body: NewPhone) => api.send("post", "/api/sandbox/phones", { body }));
export const useDeletePhone = () =>
  useSandboxMutation((number: string) => api.send("delete", phonePath(number)));
export const usePhoneAction = (number: string) =>
  useSandboxMutation(({ action, body }: PhoneAction) => api.send("post", `${phonePath(number)}/${action}`, { body }));

/** Does what a person would do in a browser: the phone's passkey answers, and the instance is given the answer. */
export const useAnswerForInstance = (number: string) =>
  useSandboxMutation(async (instance: Pick<InstanceListItem, "id" | "linking">) => {
    const options = instance.linking?.passkey?.options;
    const answer = await api.send("post", `${phonePath(number)}/passkey-assertion`, { body: { options } });
    await api.request("post", "/api/instances/{id}/passkey", {
      path: { id: instance.id },
      body: { assertion: (answer as { assertion: Record<string, unknown> }).assertion },
    });
  });

export const useAddFault = () =>
  useSandboxMutation((body: NewFault) => api.send("post", "/api/sandbox/faults", { body }));
export const useRemoveFault = () =>
  useSandboxMutation((id: number) => api.send("delete", `/api/sandbox/faults/${id}`));
export const useClearViolations = () =>
  useSandboxMutation<void>(() => api.send("delete", "/api/sandbox/violations"));
