"use client";

import type { ReactNode } from "react";
import type { InstanceDetail } from "@/api/types";
import { formatDateTime } from "@/lib/time";
import { Card } from "@/ui/card";
import { CopyButton } from "@/ui/copy-button";

const DESIRED = { CONNECTED: "Connected", DISCONNECTED: "Disconnected", LOGGED_OUT: "Logged out" };

export function DetailsCard({ instance }: { instance: InstanceDetail }) {
  const when = (iso: string | null) => iso && formatDateTime(iso);
  const rows: [string, ReactNode][] = [
    ["Phone", instance.phone && `+${instance.phone}`],
    ["Display name", instance.displayName],
    ["Wanted state", DESIRED[instance.desiredState]],
    ["Proxy", instance.proxy],
    [
      "Messages waiting",
      instance.heldMessages > 0 &&
        `${instance.heldMessages} received and kept, encrypted, until this server can read them`,
    ],
    ["Last connected", when(instance.lastConnectedAt)],
    ["Last disconnected", when(instance.lastDisconnectedAt)],
    ["Connection attempts", instance.connectionAttempts > 0 && instance.connectionAttempts],
    ["Last error", instance.lastError],
    ["Last error at", instance.lastError && when(instance.lastErrorAt)],
    ["Created", when(instance.createdAt)],
    ["Created by", instance.createdBy.name],
  ];
  return (
    <Card title="Details">
      <dl className="space-y-3 text-sm">
        <div>
          <dt className="text-muted">Instance id</dt>
          <dd className="flex items-center gap-1">
            <code className="min-w-0 truncate font-mono text-[0.8125rem]" title={instance.id}>
              {instance.id}
            </code>
            <CopyButton text={instance.id} what="instance id" />
          </dd>
        </div>
        {rows.map(
          ([name, value]) =>
            Boolean(value) && (
              <div key={name}>
                <dt className="text-muted">{name}</dt>
                <dd className="break-words">{value}</dd>
              </div>
            ),
        )}
      </dl>
    </Card>
  );
}
