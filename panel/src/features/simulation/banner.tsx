"use client";

import { FlaskConical } from "lucide-react";
import { useServerVersion } from "@/features/shell/server-version";

/** On every page of a server that only pretends to talk to WhatsApp. */
export function SimulationBanner() {
  if (!useServerVersion()?.simulation) return null;
  return (
    <p role="note" className="bg-amber-soft px-4 py-1.5 text-center text-sm text-amber">
      <FlaskConical aria-hidden className="mr-1.5 inline size-4 -translate-y-px" />
      <strong className="font-semibold">Simulation: no real WhatsApp.</strong>
      <span className="max-sm:hidden"> Codes, phones and connections on this server are pretended.</span>
    </p>
  );
}
