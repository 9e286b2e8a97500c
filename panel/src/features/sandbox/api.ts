// What the panel asks the sandbox; the answers live in the one cache.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api";
import type { ApiError } from "@/api/errors";
import { queryKeys } from "@/api/query-keys";
import type { Instance } from "@/api/types";
import { usePairCode } from "@/features/instances/api";
import type { LinkingPart } from "@/features/linking/use-link-dialog";
import type { NewFault, NewPhone, PhoneAction, SandboxFault, SandboxPhone, SandboxViolations } from "./types";

/** The sandbox tells nothing by itself. */
const POLL_MS = 2_000;

const ask = <T>(method: "get" | "post" | "delete", path: string, options?: { body?: unknown; signal?: AbortSignal }) =>
  api.send(method, `/api/sandbox${path}`, options) as Promise<T>;

function useSandbox<T>(part: string) {
  return useQuery<T, ApiError>({
    queryKey: queryKeys.sandboxPart(part),
    queryFn: ({ signal }) => ask<T>("get", `/${part}`, { signal }),
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

const phonePath = (number: string) => `/phones/${encodeURIComponent(number)}`;
const createPhone = (body: NewPhone) => ask<SandboxPhone>("post", "/phones", { body });
const act = (number: string, { action, body }: PhoneAction) => ask("post", `${phonePath(number)}/${action}`, { body });

/** Does what a person would do in a browser: the phone's passkey answers, and the instance is given the answer. */
async function answerPasskey(number: string, { id, linking }: LinkingInstance) {
  const options = linking?.passkey?.options;
  const path = `${phonePath(number)}/passkey-assertion`;
  const { assertion } = await ask<{ assertion: Record<string, unknown> }>("post", path, { body: { options } });
  await api.request("post", "/api/instances/{id}/passkey", { path: { id }, body: { assertion } });
}

type LinkingInstance = Pick<Instance, "id" | "linking">;

export const useCreatePhone = () => useSandboxMutation(createPhone);
export const useDeletePhone = () => useSandboxMutation((number: string) => ask("delete", phonePath(number)));
export const usePhoneAction = (number: string) => useSandboxMutation((action: PhoneAction) => act(number, action));
export const useAnswerForInstance = (number: string) =>
  useSandboxMutation((instance: LinkingInstance) => answerPasskey(number, instance));

export interface PhonePart {
  part: LinkingPart;
  /** Of the phone that links; undefined: a new one. At the passkey the phone is known by what it is asked. */
  number?: string;
}

/** Does the phone's part of linking this instance. */
export function usePhonePart(instance: LinkingInstance) {
  const pairCode = usePairCode(instance.id);
  const { qrText, pairCode: code, passkey } = instance.linking ?? {};
  const phoneThat = async (isAsked: (phone: SandboxPhone) => boolean) => {
    const asked = (await ask<SandboxPhone[]>("get", "/phones")).find(isAsked);
    if (!asked) throw new Error("No phone of the sandbox is asked for this.");
    return asked.number;
  };
  return useSandboxMutation<PhonePart>(async ({ part, number }) => {
    switch (part) {
      case "qr":
        return act(number ?? (await createPhone({})).number, { action: "scan", body: { qr: qrText ?? "" } });
      case "number":
        return pairCode.mutateAsync(number ?? (await createPhone({})).number);
      case "code":
        return act(number ?? "", { action: "code", body: { code: code ?? "" } });
      case "passkey":
        return answerPasskey(
          await phoneThat(
            ({ passkeyOptions }) =>
              passkeyOptions !== undefined && JSON.parse(passkeyOptions).challenge === passkey?.options.challenge,
          ),
          instance,
        );
      case "compare":
        return act(
          await phoneThat(({ verificationCode }) => verificationCode === (passkey?.verificationCode ?? null)),
          { action: "passkey", body: { approve: true } },
        );
    }
  });
}

export const useAddFault = () => useSandboxMutation((body: NewFault) => ask("post", "/faults", { body }));
export const useRemoveFault = () => useSandboxMutation((id: number) => ask("delete", `/faults/${id}`));
export const useClearViolations = () => useSandboxMutation<void>(() => ask("delete", "/violations"));
