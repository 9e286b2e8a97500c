"use client";

import { lazy, Suspense, useState, type ReactNode } from "react";
import type { InstanceDetail } from "@/api/types";
import { formatCountdown } from "@/lib/time";
import { useNow } from "@/lib/use-now";
import { cn } from "@/lib/cn";
import { Dialog } from "@/ui/dialog";

// Needed only for servers that send the raw text.
const QRCodeSVG = lazy(async () => ({ default: (await import("qrcode.react")).QRCodeSVG }));

/** A code lives about this long; only the length of the bar depends on it. */
const USUAL_LIFETIME_MS = 60_000;
const SIZE = 264;

/**
 * Whether the dialog is open: by itself while there is a code to scan, unless the user closed it for this pairing.
 * Closed by itself by any other status.
 */
export function useQrDialog(instance: Pick<InstanceDetail, "status" | "qrCode"> | undefined) {
  const hasCode = instance?.status === "QR_REQUIRED" && instance.qrCode !== null;
  const [dismissed, setDismissed] = useState(false);
  // Another status ends the pairing: the next one opens the dialog again.
  if (dismissed && instance && instance.status !== "QR_REQUIRED") setDismissed(false);
  return {
    hasCode,
    open: hasCode && !dismissed,
    setOpen: (open: boolean) => setDismissed(!open),
  };
}

export interface QrDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  instance: InstanceDetail;
  /** More below the code, e.g. what a simulation offers. */
  children?: ReactNode;
}

export function QrDialog({ open, onOpenChange, instance, children }: QrDialogProps) {
  const { qrCode, qrCodeExpiry, realTimeStatus } = instance;
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title="Link a phone"
      description="On the phone, open WhatsApp, then Settings, Linked devices, Link a device, and scan this code."
      className="max-w-md"
    >
      <div className="flex flex-col items-center">
        <div className="rounded-2xl border border-line bg-white p-1">
          {qrCode && <QrPicture code={qrCode} />}
        </div>
        <div className="mt-4 w-full" style={{ maxWidth: SIZE }}>
          <Countdown expiry={qrCodeExpiry} />
          {realTimeStatus.qrAttempts > 0 && (
            <p className="mt-1 text-center text-sm text-muted">
              Code {realTimeStatus.qrAttempts} of {realTimeStatus.maxQRAttempts}
            </p>
          )}
        </div>
        {children && <div className="mt-5 w-full">{children}</div>}
      </div>
    </Dialog>
  );
}

/** The server sends a picture, or the raw text when it is configured so. */
function QrPicture({ code }: { code: string }) {
  const label = "QR code to scan with WhatsApp";
  if (code.startsWith("data:image/")) {
    return (
      // oxlint-disable-next-line nextjs/no-img-element -- a data URL: nothing to optimise
      <img src={code} alt={label} className="min-h-64 min-w-64 max-w-full [image-rendering:pixelated]" />
    );
  }
  return (
    <Suspense fallback={<div style={{ width: SIZE, height: SIZE }} />}>
      <QRCodeSVG value={code} size={SIZE} level="M" marginSize={4} title={label} role="img" />
    </Suspense>
  );
}

function Countdown({ expiry }: { expiry: string | null }) {
  const now = useNow(expiry !== null);
  if (!expiry) return null;
  const left = Date.parse(expiry) - now;
  const share = Math.min(1, Math.max(0, left / USUAL_LIFETIME_MS));
  return (
    <>
      <div aria-hidden className="h-1 overflow-hidden rounded-full bg-raised">
        <div
          className={cn(
            "h-full origin-left rounded-full transition-transform duration-1000 ease-linear",
            left > 10_000 ? "bg-accent" : "bg-orange",
          )}
          style={{ transform: `scaleX(${share})` }}
        />
      </div>
      <p className="mt-2 text-center text-sm tabular-nums">
        {left > 0 ? `Valid for ${formatCountdown(left)}` : "This code has run out; the next one is on its way."}
      </p>
    </>
  );
}
