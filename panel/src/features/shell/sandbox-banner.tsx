"use client";

import { FlaskConical } from "lucide-react";
import { useServerVersion } from "./server-version";

/** On every page of a server that does not reach WhatsApp. */
export function SandboxBanner() {
  if (!useServerVersion()?.simulation) return null;
  return (
    <p role="note" className="bg-amber-soft px-4 py-1.5 text-center text-sm text-amber">
      <FlaskConical aria-hidden className="mr-1.5 inline size-4 -translate-y-px" />
      <strong className="font-semibold">Sandbox: no real WhatsApp.</strong>
      <span className="max-sm:hidden"> Phones and network are pretended, and no real phone can be linked here.</span>
    </p>
  );
}
