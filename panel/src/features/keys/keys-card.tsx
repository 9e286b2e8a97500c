"use client";

import { useState } from "react";
import { KeyRound, Plus } from "lucide-react";
import type { ApiKey } from "@/api/types";
import { useNow } from "@/lib/use-now";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { ConfirmDialog } from "@/ui/dialog";
import { EmptyState, ErrorState, LoadingRows } from "@/ui/feedback";
import { useApiKeys, useDeleteApiKey, useSaveApiKey } from "./api";
import { KeyFormDialog } from "./key-form-dialog";
import { KeyRow } from "./key-row";

export function ApiKeysCard({ instanceId }: { instanceId: string }) {
  const keys = useApiKeys(instanceId);
  const [edited, setEdited] = useState<ApiKey | null>(null);
  const [editing, setEditing] = useState(false);
  const [deleted, setDeleted] = useState<ApiKey | null>(null);
  const save = useSaveApiKey(instanceId, edited?.id ?? null);
  const remove = useDeleteApiKey(instanceId);
  const nowMs = useNow();
  const edit = (apiKey: ApiKey | null) => {
    setEdited(apiKey);
    setEditing(true);
  };
  return (
    <Card
      title="API keys"
      description="For programs that use this instance."
      action={
        <Button size="small" onClick={() => edit(null)}>
          <Plus aria-hidden />
          New key
        </Button>
      }
      flush
    >
      <div className="border-t border-line">
        {keys.isPending ? (
          <LoadingRows rows={1} label="Loading API keys" />
        ) : !keys.data ? (
          <ErrorState title="The API keys could not be loaded" error={keys.error} onRetry={() => keys.refetch()} />
        ) : keys.data.length === 0 ? (
          <EmptyState icon={KeyRound} title="No API keys yet">
            A program needs one to send messages or to read the state of this instance.
          </EmptyState>
        ) : (
          <ul className="divide-y divide-line">
            {keys.data.map((apiKey) => (
              <KeyRow
                key={apiKey.id}
                apiKey={apiKey}
                nowMs={nowMs}
                onEdit={() => edit(apiKey)}
                onDelete={() => setDeleted(apiKey)}
              />
            ))}
          </ul>
        )}
      </div>
      <KeyFormDialog
        open={editing}
        onOpenChange={setEditing}
        apiKey={edited}
        save={save}
        onSaved={() => setEditing(false)}
      />
      <ConfirmDialog
        open={deleted !== null}
        onOpenChange={(open) => {
          remove.reset();
          if (!open) setDeleted(null);
        }}
        title={`Delete API key ${deleted?.name ?? ""}?`}
        confirmLabel="Delete key"
        danger
        busy={remove.isPending}
        error={remove.error?.message}
        onConfirm={() => deleted && remove.mutate(deleted.id, { onSuccess: () => setDeleted(null) })}
      >
        Programs that use it are refused at once. This cannot be undone.
      </ConfirmDialog>
    </Card>
  );
}
