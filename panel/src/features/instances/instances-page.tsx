"use client";

import { useState } from "react";
import { useRouter } from "next/navigation";
import { Plus, SearchX, Waypoints } from "lucide-react";
import { instanceHref } from "@/lib/routes";
import { useNow } from "@/lib/use-now";
import { useConnectionInfo, useInstanceSubscriptions } from "@/realtime";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { EmptyState, ErrorState, LoadingRows } from "@/ui/feedback";
import { PageHeader } from "@/ui/page-header";
import { useCreateInstance, useInstanceList } from "./api";
import { CreateInstanceDialog } from "./create-dialog";
import { useListParameters } from "./list-parameters";
import { InstanceFilter, InstanceRows, Pager } from "./list-view";

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
