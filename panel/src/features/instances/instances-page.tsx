"use client";

import { useEffect, useState } from "react";
import { useRouter, useSearchParams } from "next/navigation";
import { Plus, SearchX, Waypoints } from "lucide-react";
import type { InstanceStatus } from "@/api/types";
import { instanceHref, ROUTES } from "@/lib/routes";
import { useNow } from "@/lib/use-now";
import { useConnectionInfo, useInstanceSubscriptions } from "@/realtime";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { EmptyState, ErrorState, LoadingRows } from "@/ui/feedback";
import { PageHeader } from "@/ui/page-header";
import { useCreateInstance, useInstanceList } from "./api";
import { CreateInstanceDialog } from "./create-dialog";
import { InstanceFilter, InstanceRows, Pager } from "./list-view";
import { isInstanceStatus } from "./status";

export function InstancesPage() {
  const router = useRouter();
  const parameters = useListParameters();
  const { page, search, status } = parameters.applied;
  const list = useInstanceList(parameters.applied);
  const create = useCreateInstance();
  const [creating, setCreating] = useState(false);
  const nowMs = useNow();

  // The server tells a signed-in user about every instance. Without authentication it tells only what was asked for.
  const { authentication } = useConnectionInfo();
  useInstanceSubscriptions(authentication === "none" ? (list.data?.instances ?? []).map(({ id }) => id) : []);

  const filtered = search !== "" || status !== "";
  const newInstance = (
    <Button variant="primary" onClick={() => setCreating(true)}>
      <Plus aria-hidden />
      New instance
    </Button>
  );
  return (
    <>
      <PageHeader title="Instances" description="One for each WhatsApp account." action={newInstance} />
      <Card flush>
        <div className="border-b border-line p-4">
          <InstanceFilter
            search={parameters.typedSearch}
            onSearch={parameters.typeSearch}
            status={status}
            onStatus={(chosen) => parameters.apply({ status: chosen, page: 1 })}
          />
        </div>
        {list.isPending ? (
          <LoadingRows label="Loading instances" />
        ) : !list.data ? (
          <ErrorState title="The instances could not be loaded" error={list.error} onRetry={() => list.refetch()} />
        ) : list.data.instances.length > 0 ? (
          <>
            <InstanceRows instances={list.data.instances} nowMs={nowMs} />
            <Pager pagination={list.data.pagination} onPage={(next) => parameters.apply({ page: next })} />
          </>
        ) : filtered || page > 1 ? (
          <EmptyState
            icon={SearchX}
            title="No instance matches"
            action={<Button onClick={parameters.clear}>Show all instances</Button>}
          />
        ) : (
          <EmptyState icon={Waypoints} title="No instances yet" action={newInstance}>
            Create one, connect it, and scan its QR code with the phone.
          </EmptyState>
        )}
      </Card>
      <CreateInstanceDialog
        open={creating}
        onOpenChange={setCreating}
        create={create}
        onCreated={(id) => router.push(instanceHref(id))}
      />
    </>
  );
}

const SEARCH_DELAY_MS = 300;

interface Applied {
  page: number;
  search: string;
  status: InstanceStatus | "";
}

/** What the list shows is in the address, so that it can be shared and survives a reload. */
function useListParameters() {
  const router = useRouter();
  const query = useSearchParams();
  const status = query.get("status") ?? "";
  const applied: Applied = {
    page: Math.max(1, Math.trunc(Number(query.get("page"))) || 1),
    search: query.get("search") ?? "",
    status: isInstanceStatus(status) ? status : "",
  };
  const [typed, setTyped] = useState(applied.search);

  const apply = (change: Partial<Applied>) => {
    const next = { ...applied, ...change };
    const parameters = new URLSearchParams();
    if (next.search) parameters.set("search", next.search);
    if (next.status) parameters.set("status", next.status);
    if (next.page > 1) parameters.set("page", String(next.page));
    router.replace(parameters.size > 0 ? `${ROUTES.instances}?${parameters}` : ROUTES.instances, { scroll: false });
  };

  useEffect(() => {
    if (typed.trim() === applied.search) return;
    const timer = setTimeout(() => apply({ search: typed.trim(), page: 1 }), SEARCH_DELAY_MS);
    return () => clearTimeout(timer);
    // Typing alone starts the wait anew.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [typed]);

  const clear = () => {
    setTyped("");
    router.replace(ROUTES.instances, { scroll: false });
  };

  return { applied, apply, clear, typedSearch: typed, typeSearch: setTyped };
}
