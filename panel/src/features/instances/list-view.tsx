"use client";

import Link from "next/link";
import { ChevronLeft, ChevronRight, Search } from "lucide-react";
import type { InstanceListItem, InstanceStatus, Pagination } from "@/api/types";
import { instanceHref } from "@/lib/routes";
import { formatAgo, formatDateTime } from "@/lib/time";
import { Button } from "@/ui/button";
import { controlClass } from "@/ui/field";
import { cn } from "@/lib/cn";
import { STATUS_LOOK, STATUSES } from "./status";
import { StatusBadge } from "./status-badge";
import { account, InstanceSummary } from "./summary";

export interface InstanceFilterProps {
  search: string;
  onSearch: (search: string) => void;
  status: InstanceStatus | "";
  onStatus: (status: InstanceStatus | "") => void;
}

export function InstanceFilter({ search, onSearch, status, onStatus }: InstanceFilterProps) {
  return (
    <div role="search" className="flex flex-col gap-2 sm:flex-row">
      <div className="relative flex-1">
        <Search aria-hidden className="absolute top-2.5 left-3 size-4 text-muted" />
        <input
          type="search"
          aria-label="Search instances"
          placeholder="Search by name or phone"
          maxLength={100}
          value={search}
          onChange={(event) => onSearch(event.target.value)}
          className={cn(controlClass, "h-9 pl-9")}
        />
      </div>
      <select
        aria-label="Status"
        value={status}
        onChange={(event) => onStatus(event.target.value as InstanceStatus | "")}
        className={cn(controlClass, "h-9 sm:w-48")}
      >
        <option value="">Every status</option>
        {STATUSES.map((each) => (
          <option key={each} value={each}>
            {STATUS_LOOK[each].label}
          </option>
        ))}
      </select>
    </div>
  );
}

export function InstanceRows({ instances, nowMs }: { instances: InstanceListItem[]; nowMs: number }) {
  return (
    <ul className="divide-y divide-line">
      {instances.map((instance) => (
        <li key={instance.id} className="relative px-5 py-4 transition-colors hover:bg-raised/60">
          <div className="grid gap-x-5 gap-y-2 md:grid-cols-[minmax(0,1fr)_minmax(0,1.2fr)_10.5rem_5rem] md:items-center">
            <div className="min-w-0">
              <Link
                href={instanceHref(instance.id)}
                className="font-medium after:absolute after:inset-0 hover:underline"
              >
                {instance.name}
              </Link>
              <p className="truncate text-sm text-muted">{account(instance)}</p>
            </div>
            <p className="min-w-0 text-sm text-muted">
              {instance.nextStep.what === "WATCH_LIVENESS" ? (
                <span className="block truncate">{instance.reason.text}</span>
              ) : (
                <InstanceSummary instance={instance} />
              )}
            </p>
            <div className="flex items-center gap-4 md:contents">
              <span>
                <StatusBadge status={instance.status} />
              </span>
              {instance.statusSince && (
                <time
                  dateTime={instance.statusSince}
                  title={formatDateTime(instance.statusSince)}
                  className="text-sm whitespace-nowrap text-muted tabular-nums md:text-right"
                >
                  {formatAgo(instance.statusSince, nowMs)}
                </time>
              )}
            </div>
          </div>
        </li>
      ))}
    </ul>
  );
}

export function Pager({ pagination, onPage }: { pagination: Pagination; onPage: (page: number) => void }) {
  const { page, total_pages: pages, total, has_prev: hasPrevious, has_next: hasNext } = pagination;
  if (pages <= 1) return null;
  return (
    <nav aria-label="Pages" className="flex items-center justify-between gap-3 border-t border-line px-5 py-3">
      <p className="text-sm text-muted tabular-nums">
        Page {page} of {pages} · {total} instances
      </p>
      <div className="flex gap-2">
        <Button size="small" disabled={!hasPrevious} onClick={() => onPage(page - 1)}>
          <ChevronLeft aria-hidden />
          Previous
        </Button>
        <Button size="small" disabled={!hasNext} onClick={() => onPage(page + 1)}>
          Next
          <ChevronRight aria-hidden />
        </Button>
      </div>
    </nav>
  );
}
