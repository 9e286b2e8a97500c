"use client";

import Link from "next/link";
import { useRouter, useSearchParams } from "next/navigation";
import { ChevronLeft, TriangleAlert } from "lucide-react";
import { messageOf } from "@/api/errors";
import type { InstanceDetail } from "@/api/types";
import { ApiKeysCard } from "@/features/keys/keys-card";
import { EventsCard } from "@/features/events/events-card";
import { useDeleteInstance, useInstance, useInstanceAction } from "@/features/instances/api";
import { LinkDialog } from "@/features/linking/link-dialog";
import { useLinkDialog } from "@/features/linking/use-link-dialog";
import { LinkingAid } from "@/features/sandbox/linking-aid";
import { useServerVersion } from "@/features/shell/server-version";
import { ROUTES } from "@/lib/routes";
import { formatClock } from "@/lib/time";
import { useNow } from "@/lib/use-now";
import { useInstanceSubscriptions } from "@/realtime";
import { Card } from "@/ui/card";
import { ErrorState, Skeleton } from "@/ui/feedback";
import { PageHeader } from "@/ui/page-header";
import { useToast } from "@/ui/toast";
import { Actions } from "./actions";
import { DetailsCard } from "./details-card";
import { StatusCard } from "./status-card";

export function InstancePage() {
  const id = useSearchParams().get("id") ?? "";
  const query = useInstance(id);
  useInstanceSubscriptions(id ? [id] : []);
  return (
    <>
      <Link
        href={ROUTES.instances}
        className="mb-3 inline-flex items-center gap-1 rounded text-sm text-muted hover:text-ink"
      >
        <ChevronLeft aria-hidden className="size-4" />
        Instances
      </Link>
      {query.data && query.error?.status !== 404 ? (
        <Loaded
          key={id}
          instance={query.data}
          stale={query.isError ? `${messageOf(query.error)} Shown as of ${clockOf(query.dataUpdatedAt)}.` : null}
        />
      ) : query.isPending && id ? (
        <LoadingInstance />
      ) : (
        <Card flush>
          <ErrorState
            title="This instance cannot be shown"
            error={query.error ?? new Error("The address names no instance.")}
            onRetry={id ? () => query.refetch() : undefined}
          />
        </Card>
      )}
    </>
  );
}

function Loaded({ instance, stale }: { instance: InstanceDetail; stale: string | null }) {
  const router = useRouter();
  const toast = useToast();
  const action = useInstanceAction(instance.id);
  const remove = useDeleteInstance(instance.id);
  const link = useLinkDialog(instance);
  const sandbox = useServerVersion()?.sandbox ?? false;
  const nowMs = useNow();

  const confirmed = async (asked: "disconnect" | "restart" | "logout" | "delete") => {
    try {
      if (asked !== "delete") {
        await action.mutateAsync(asked);
        return true;
      }
      await remove.mutateAsync();
      toast.success(`Deleted ${instance.name}`);
      router.replace(ROUTES.instances);
      return true;
    } catch {
      return false;
    }
  };
  const failed = action.error ?? remove.error;
  return (
    <>
      <PageHeader
        title={instance.name}
        description={instance.description || undefined}
        action={
          <Actions
            instance={instance}
            pending={remove.isPending ? "delete" : action.isPending ? action.variables : null}
            error={failed && action.variables !== "connect" ? failed.message : null}
            onConnect={() => {
              link.setOpen(true);
              action.mutate("connect", { onError: (error) => toast.error(error.message) });
            }}
            onConfirmed={confirmed}
            onReset={() => {
              action.reset();
              remove.reset();
            }}
          />
        }
      />
      {stale && (
        <p role="alert" className="mb-4 flex items-start gap-2 rounded-lg bg-orange-soft px-3 py-2 text-sm text-orange">
          <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
          {stale}
        </p>
      )}
      <div className="grid grid-cols-1 gap-6 lg:grid-cols-[minmax(0,1fr)_20rem] lg:items-start">
        <div className="min-w-0 space-y-6">
          <StatusCard
            instance={instance}
            nowMs={nowMs}
            linkingStep={link.step}
            onShowLinking={link.step && !link.open ? () => link.setOpen(true) : undefined}
          />
          <ApiKeysCard instanceId={instance.id} />
          <EventsCard instanceId={instance.id} />
        </div>
        <DetailsCard instance={instance} />
      </div>
      <LinkDialog
        open={link.open}
        onOpenChange={link.setOpen}
        instance={instance}
        step={link.step}
        aid={sandbox ? LinkingAid : undefined}
      />
    </>
  );
}

function LoadingInstance() {
  return (
    <div role="status" aria-label="Loading the instance">
      <Skeleton className="mb-6 h-9 w-56" />
      <div className="grid gap-6 lg:grid-cols-[minmax(0,1fr)_20rem]">
        <div className="space-y-6">
          <Skeleton className="h-32" />
          <Skeleton className="h-48" />
        </div>
        <Skeleton className="h-80" />
      </div>
    </div>
  );
}

function clockOf(ms: number): string {
  return formatClock(new Date(ms).toISOString());
}

