"use client";

import { lazy, Suspense } from "react";
import type { InstanceDetail } from "@/api/types";
import { Countdown } from "./countdown";

// Needed only for servers that send the raw text.
const QRCodeSVG = lazy(async () => ({ default: (await import("qrcode.react")).QRCodeSVG }));

const USUAL_LIFETIME_MS = 60_000;
const SIZE = 264;

/** The code to scan, how long it is valid, and which one it is. */
export function QrStep({ instance }: { instance: InstanceDetail }) {
  const { qrCode, qrCodeExpiry, realTimeStatus } = instance;
  return (
    <div className="flex flex-col items-center">
      <div className="rounded-2xl border border-line bg-white p-1">{qrCode && <QrPicture code={qrCode} />}</div>
      <div className="mt-4 w-full" style={{ maxWidth: SIZE }}>
        <Countdown
          expiry={qrCodeExpiry}
          usualLifetimeMs={USUAL_LIFETIME_MS}
          over="This code has run out; the next one is on its way."
        />
        {realTimeStatus.qrAttempts > 0 && (
          <p className="mt-1 text-center text-sm text-muted">
            Code {realTimeStatus.qrAttempts} of {realTimeStatus.maxQRAttempts}
          </p>
        )}
      </div>
    </div>
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
