// What the list shows is in the address, so that it can be shared and survives a reload.
import { useEffect, useRef, useState } from "react";
import { useSearchParams } from "next/navigation";
import type { InstanceListParameters } from "@/api/query-keys";
import { ROUTES } from "@/lib/routes";
import { isInstanceStatus } from "./status";

/** How long a search waits for the next key. */
export const SEARCH_DELAY_MS = 300;

export function useListParameters() {
  const applied = parse(useSearchParams());
  const [typed, setTyped] = useState(applied.search);
  const delay = useRef<ReturnType<typeof setTimeout>>(undefined);
  const stopDelay = () => {
    clearTimeout(delay.current);
    delay.current = undefined;
  };
  useEffect(() => () => clearTimeout(delay.current), []);

  // Another search than the typed one came with the address, from a link.
  useEffect(() => {
    if (!delay.current) setTyped((text) => (text.trim() === applied.search ? text : applied.search));
  }, [applied.search]);

  return {
    applied,
    apply,
    clear: () => {
      stopDelay();
      setTyped("");
      apply({ search: "", status: "", page: 1 });
    },
    typedSearch: typed,
    typeSearch: (text: string) => {
      stopDelay();
      setTyped(text);
      delay.current = setTimeout(() => {
        stopDelay();
        apply({ search: text.trim(), page: 1 });
      }, SEARCH_DELAY_MS);
    },
  };
}

// Changes what the address says at this moment: what was rendered last may be older.
function apply(change: Partial<InstanceListParameters>) {
  const { page, search, status } = { ...parse(new URLSearchParams(window.location.search)), ...change };
  const parameters = new URLSearchParams();
  if (search) parameters.set("search", search);
  if (status) parameters.set("status", status);
  if (page > 1) parameters.set("page", String(page));
  window.history.replaceState(null, "", parameters.size > 0 ? `${ROUTES.instances}?${parameters}` : ROUTES.instances);
}

function parse(parameters: Pick<URLSearchParams, "get">): InstanceListParameters {
  const status = parameters.get("status") ?? "";
  return {
    page: Math.max(1, Math.trunc(Number(parameters.get("page"))) || 1),
    search: parameters.get("search") ?? "",
    status: isInstanceStatus(status) ? status : "",
  };
}
