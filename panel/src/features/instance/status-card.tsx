"use client";

import { ArrowRight, Info, QrCode } from "lucide-react";
import type { InstanceDetail } from "@/api/types";
import type { LinkingStep } from "@/features/linking/use-link-dialog";
import { NextStepText } from "@/features/instances/next-step";
import { StatusBadge } from "@/features/instances/status-badge";
import { formatAgo, formatDateTime } from "@/lib/time";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";

export interface StatusCardProps {
  instance: InstanceDetail;
  nowMs: number;
  linkingStep?: LinkingStep | null;
  /** Set when the dialog that links a phone can be shown. */
  onShowLinking?: () => void;
}

/** The state, why it is so, and what comes next. */
export function StatusCard({ instance, nowMs, linkingStep, onShowLinking }: StatusCardProps) {
  const { status, statusSince, reason, nextStep } = instance;
  return (
    <Card>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2" aria-live="polite">
        <StatusBadge status={status} large />
        {statusSince && (
          <time dateTime={statusSince} title={formatDateTime(statusSince)} className="text-sm text-muted">
            {formatAgo(statusSince, nowMs)}
          </time>
        )}
        {onShowLinking && (
          <Button size="small" className="ml-auto" onClick={onShowLinking}>
            <QrCode aria-hidden />
            {linkingStep === "qr" ? "Show QR code" : "Go on linking"}
          </Button>
        )}
      </div>
      <dl className="mt-4 space-y-2.5">
        {reason.text && (
          <div className="flex gap-2.5">
            <dt className="mt-0.5 shrink-0 text-muted">
              <Info aria-hidden className="size-4" />
              <span className="sr-only">Reason</span>
            </dt>
            <dd className="min-w-0 break-words">
              {reason.text}{" "}
              <code className="rounded bg-raised px-1.5 py-0.5 font-mono text-xs text-muted">{reason.code}</code>
            </dd>
          </div>
        )}
        {nextStep.text && (
          <div className="flex gap-2.5">
            <dt className="mt-0.5 shrink-0 text-muted">
              <ArrowRight aria-hidden className="size-4" />
              <span className="sr-only">Next step</span>
            </dt>
            <dd className="min-w-0 break-words text-muted">
              <NextStepText nextStep={nextStep} />
            </dd>
          </div>
        )}
      </dl>
    </Card>
  );
}
