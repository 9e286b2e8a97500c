"use client";

import { Pencil, Trash2 } from "lucide-react";
import type { ApiKey } from "@/api/types";
import { cn } from "@/lib/cn";
import { formatAgo, formatDateTime } from "@/lib/time";
import { IconButton } from "@/ui/button";
import { PERMISSIONS, toFlags } from "./permissions";
import { Secret } from "./secret";

export interface KeyRowProps {
  apiKey: ApiKey;
  nowMs: number;
  onEdit: () => void;
  onDelete: () => void;
}

export function KeyRow({ apiKey, nowMs, onEdit, onDelete }: KeyRowProps) {
  const { name, lastUsedAt, expiresAt, usageCount, rateLimit, permissions } = apiKey;
  const expired = expiresAt !== null && Date.parse(expiresAt) <= nowMs;
  const flags = toFlags(permissions);
  return (
    <li className="px-5 py-4">
      <div className="mb-2 flex items-center gap-2">
        <p className="min-w-0 flex-1 truncate font-medium">
          {name}
          {(expired || !apiKey.isActive) && (
            <span
              className={cn(
                "ml-2 rounded-full px-2 py-0.5 text-xs font-medium",
                expired ? "bg-danger-soft text-danger" : "bg-gray-soft text-gray",
              )}
            >
              {expired ? "Expired" : "Inactive"}
            </span>
          )}
        </p>
        <IconButton label={`Edit API key ${name}`} onClick={onEdit}>
          <Pencil aria-hidden />
        </IconButton>
        <IconButton label={`Delete API key ${name}`} onClick={onDelete} className="hover:text-danger">
          <Trash2 aria-hidden />
        </IconButton>
      </div>
      <Secret secret={apiKey.apiKey} />
      <p className="mt-2 text-sm text-muted">
        {[
          usageCount === 0 ? "never used" : `used ${usageCount} times`,
          lastUsedAt && `last ${formatAgo(lastUsedAt, nowMs)}`,
          `${rateLimit} requests an hour`,
          expiresAt && !expired && `expires ${formatDateTime(expiresAt)}`,
        ]
          .filter(Boolean)
          .join(" · ")}
      </p>
      <ul aria-label="Permissions" className="mt-2 flex flex-wrap gap-1.5">
        {flags.length === 0 && <li className="text-sm text-muted">No permissions</li>}
        {PERMISSIONS.filter(({ flag }) => flags.includes(flag)).map(({ flag, label }) => (
          <li key={flag} title={label} className="rounded-md border border-line px-1.5 py-0.5 font-mono text-xs text-muted">
            {flag}
          </li>
        ))}
      </ul>
    </li>
  );
}
