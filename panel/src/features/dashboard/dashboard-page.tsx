"use client";

import { useState } from "react";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { Check, Plus, Waypoints } from "lucide-react";
import type { InstanceListItem } from "@/api/types";
import { useAllInstances, useCreateInstance, useUsage } from "@/features/instances/api";
import { CreateInstanceDialog } from "@/features/instances/create-dialog";
import { countByStatus } from "@/features/instances/status";
import { instanceHref, ROUTES } from "@/lib/routes";
import { useNow } from "@/lib/use-now";
import { useConnectionInfo, useInstanceSubscriptions } from "@/realtime";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { EmptyState, ErrorState, Skeleton } from "@/ui/feedback";
import { PageHeader } from "@/ui/page-header";
import { Counts } from "./counts";
import { InstanceLines } from "./instance-lines";

const SHOWN = 6;
/** Without authentication the server tells only about what was asked for; it takes no more than this of one page. */
const MAX_SUBSCRIPTIONS = 100;

export function DashboardPage() {
  const router = useRouter();
  const all = useAllInstances();
  const usage = useUsage().data;
  const create = useCreateInstance();
  const [creating, setCreating] = useState(false);
  const nowMs = useNow();
  const instances = all.data?.instances ?? [];

  const { authentication } = useConnectionInfo();
  useInstanceSubscriptions(
    authentication === "none" ? instances.slice(0, MAX_SUBSCRIPTIONS).map(({ id }) => id) : [],
  );

  const newInstance = (
    <Button variant="primary" onClick={() => setCreating(true)}>
      <Plus aria-hidden />
      New instance
    </Button>
  );
  const attention = instances.filter(needsAttention);
  const recent = instances.toSorted(byStatusSince).slice(0, SHOWN);
  return (
    <>
      <PageHeader
        title="Dashboard"
        description={
          usage
            ? `${usage.usage.currentInstances} of ${usage.limits.maxInstances} instances of the ${usage.subscription.tier} plan in use.`
            : "All instances at a glance."
        }
        action={newInstance}
      />
      {all.isPending ? (
        <LoadingDashboard />
      ) : !all.data ? (
        <Card flush>
          <ErrorState title="The instances could not be loaded" error={all.error} onRetry={() => all.refetch()} />
        </Card>
      ) : (
        <div className="space-y-6">
          <Counts counts={countByStatus(instances)} total={instances.length} />
          {instances.length === 0 ? (
            <Card flush>
              <EmptyState icon={Waypoints} title="Link your first WhatsApp account" action={newInstance}>
                Create an instance, press Connect, and scan the QR code with the phone. Everything else follows by
                itself.
              </EmptyState>
            </Card>
          ) : (
            <div className="grid items-start gap-6 lg:grid-cols-2">
              <Card title="Needs attention" description="Waits for you or for the network." flush>
                {attention.length > 0 ? (
                  <InstanceLines instances={attention.slice(0, SHOWN)} nowMs={nowMs} />
                ) : (
                  <p className="flex items-center gap-2 border-t border-line px-5 py-6 text-sm text-muted">
                    <Check aria-hidden className="size-4 text-green" />
                    Nothing: every instance is as it should be.
                  </p>
                )}
              </Card>
              <Card
                title="Latest changes"
                description="By the time of their last change of status."
                action={
                  <Link href={ROUTES.instances} className="text-sm font-medium text-accent hover:underline">
                    All instances
                  </Link>
                }
                flush
              >
                <InstanceLines instances={recent} nowMs={nowMs} />
              </Card>
            </div>
          )}
        </div>
      )}
      <CreateInstanceDialog
        open={creating}
        onOpenChange={setCreating}
        create={create}
        onCreated={(id) => router.push(instanceHref(id))}
      />
    </>
  );
}

function needsAttention({ status }: InstanceListItem): boolean {
  return status === "QR_REQUIRED" || status === "ERROR" || status === "RECONNECTING";
}

function byStatusSince(a: InstanceListItem, b: InstanceListItem): number {
  return (b.statusSince ?? b.createdAt).localeCompare(a.statusSince ?? a.createdAt);
}

function LoadingDashboard() {
  return (
    <div role="status" aria-label="Loading the dashboard" className="space-y-6">
      <div className="grid grid-cols-2 gap-3 sm:grid-cols-3 lg:grid-cols-6">
        {Array.from({ length: 6 }, (_, index) => (
          <Skeleton key={index} className="h-27" />
        ))}
      </div>
      <div className="grid gap-6 lg:grid-cols-2">
        <Skeleton className="h-64" />
        <Skeleton className="h-64" />
      </div>
    </div>
  );
}
