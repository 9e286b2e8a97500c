// Everything the panel asks the server about instances; the answers live in the one cache.
import { keepPreviousData, useMutation, useMutationState, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api";
import type { ApiError } from "@/api/errors";
import { queryKeys, type InstanceListParameters } from "@/api/query-keys";
import type { Instance, InstanceDetail, InstanceListItem, Pagination } from "@/api/types";
import { useIsLive } from "@/realtime";
import { STATUS_LOOK } from "./status";

/** How often pages ask by themselves for what no event tells. */
export const POLL_MS = 5_000;

/** While live updates are off that is everything; else how the attempts to connect go, which are no events. */
function usePolling() {
  const live = useIsLive();
  return (instances: Pick<Instance, "status">[] = []) =>
    !live || instances.some(({ status }) => STATUS_LOOK[status].moving) ? POLL_MS : false;
}

export interface InstancePage {
  instances: InstanceListItem[];
  pagination: Pagination;
}

export const PAGE_SIZE = 20;

export function useInstanceList(parameters: InstanceListParameters) {
  const { page, search, status } = parameters;
  const polling = usePolling();
  return useQuery<InstancePage, ApiError>({
    queryKey: queryKeys.instanceList(parameters),
    queryFn: ({ signal }) =>
      api.request("get", "/api/instances", {
        query: { page, per_page: PAGE_SIZE, search: search || undefined, status: status || undefined },
        signal,
      }),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => polling(state.data?.instances),
  });
}

const WHOLE_PAGE_SIZE = 100;
const MAX_WHOLE_PAGES = 10;

export interface AllInstances {
  instances: InstanceListItem[];
  /** As the server counts; larger than what was fetched only beyond a thousand. */
  total: number;
}

/** Every instance of the subscription, for counting. */
export function useAllInstances() {
  const polling = usePolling();
  return useQuery<AllInstances, ApiError>({
    queryKey: queryKeys.allInstances,
    queryFn: async ({ signal }) => {
      const instances: InstanceListItem[] = [];
      for (let page = 1; ; page += 1) {
        const answer = await api.request("get", "/api/instances", {
          query: { page, per_page: WHOLE_PAGE_SIZE },
          signal,
        });
        instances.push(...answer.instances);
        if (!answer.pagination.has_next || page === MAX_WHOLE_PAGES) {
          return { instances, total: answer.pagination.total };
        }
      }
    },
    refetchInterval: ({ state }) => polling(state.data?.instances),
  });
}

export function useInstance(id: string) {
  const polling = usePolling();
  return useQuery<InstanceDetail, ApiError>({
    queryKey: queryKeys.instance(id),
    queryFn: async ({ signal }) =>
      (await api.request("get", "/api/instances/{id}", { path: { id }, signal })).instance,
    refetchInterval: ({ state }) => polling(state.data && [state.data]),
    enabled: id !== "",
  });
}

export function useUsage() {
  return useQuery({
    queryKey: queryKeys.usage,
    queryFn: async ({ signal }) =>
      (await api.request("get", "/api/instances/subscription/usage", { signal })).usage,
  });
}

export interface NewInstance {
  name: string;
  displayName?: string;
  description?: string;
  proxy?: string;
}

export function useCreateInstance() {
  const cache = useQueryClient();
  return useMutation<{ id: string }, ApiError, NewInstance>({
    mutationFn: async (body) => (await api.request("post", "/api/instances", { body })).instance,
    onSuccess: () => {
      void cache.invalidateQueries({ queryKey: queryKeys.instances });
      void cache.invalidateQueries({ queryKey: queryKeys.usage });
    },
  });
}

export type InstanceAction = "connect" | "disconnect" | "restart" | "logout";

export function useInstanceAction(id: string) {
  const cache = useQueryClient();
  return useMutation<unknown, ApiError, InstanceAction>({
    mutationFn: (action) => api.request("post", `/api/instances/{id}/${action}`, { path: { id } }),
    onSettled: () => cache.invalidateQueries({ queryKey: queryKeys.instances }),
  });
}

/** A code to type into the phone with that number. */
export function usePairCode(id: string) {
  const cache = useQueryClient();
  return useMutation<{ pairCode: string }, ApiError, string>({
    mutationKey: queryKeys.pairCode(id),
    mutationFn: (phone) =>
      api.request("post", "/api/instances/{id}/pair-code", { path: { id }, body: { phone } }),
    onSettled: () => cache.invalidateQueries({ queryKey: queryKeys.instance(id) }),
  });
}

/** The digits of the number that the latest code was asked for; undefined when it was not asked for on this page. */
export function usePairCodeNumber(id: string): string | undefined {
  return useMutationState({
    filters: { mutationKey: queryKeys.pairCode(id), status: "success" },
    select: ({ state }) => String(state.variables).replace(/\D/g, ""),
  }).at(-1);
}

/** Hands in what a browser answered for the account's passkey. */
export function useAnswerPasskey(id: string) {
  const cache = useQueryClient();
  return useMutation<unknown, ApiError, string>({
    mutationFn: (assertion) =>
      api.request("post", "/api/instances/{id}/passkey", { path: { id }, body: { assertion } }),
    onSettled: () => cache.invalidateQueries({ queryKey: queryKeys.instance(id) }),
  });
}

export function useDeleteInstance(id: string) {
  const cache = useQueryClient();
  return useMutation<unknown, ApiError, void>({
    mutationFn: () => api.request("delete", "/api/instances/{id}", { path: { id } }),
    onSuccess: () => {
      cache.removeQueries({ queryKey: queryKeys.events(id) });
      cache.removeQueries({ queryKey: queryKeys.apiKeys(id) });
      void cache.invalidateQueries({ queryKey: queryKeys.instanceLists });
      void cache.invalidateQueries({ queryKey: queryKeys.allInstances });
      void cache.invalidateQueries({ queryKey: queryKeys.usage });
    },
  });
}
