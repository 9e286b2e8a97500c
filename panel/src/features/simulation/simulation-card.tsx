"use client";

import { FlaskConical, ScanLine } from "lucide-react";
import type { InstanceDetail, InstanceStatus, SimulationAction } from "@/api/types";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { InlineError } from "@/ui/feedback";
import { useSimulation } from "./api";

interface Scene {
  action: SimulationAction;
  label: string;
  hint: string;
  /** The states in which it has something to act on. */
  when: InstanceStatus[];
}

const LIVE: InstanceStatus[] = ["INIT", "QR_REQUIRED", "CONNECTED"];

const SCENES: Scene[] = [
  {
    action: "scan",
    label: "Scan the code",
    hint: "A phone scans the QR code, has the code typed in, or confirms the passkey.",
    when: ["QR_REQUIRED"],
  },
  {
    action: "passkey",
    label: "Demand a passkey",
    hint: "At the next scan the account asks for its passkey.",
    when: ["INIT", "QR_REQUIRED", "DISCONNECTED"],
  },
  { action: "expire", label: "Let the codes run out", hint: "Nobody scans any of them.", when: ["QR_REQUIRED"] },
  { action: "drop", label: "Drop the connection", hint: "The network breaks for a moment.", when: LIVE },
  { action: "stall", label: "Stop answering", hint: "The connection stays open and dead.", when: ["CONNECTED"] },
  {
    action: "unreachable",
    label: "Make WhatsApp unreachable",
    hint: "The next two connections find no route.",
    when: ["INIT", "QR_REQUIRED", "CONNECTED", "RECONNECTING", "DISCONNECTED", "ERROR"],
  },
  { action: "logout", label: "Unlink on the phone", hint: "The owner removes this device.", when: ["CONNECTED"] },
  { action: "replaced", label: "Connect elsewhere", hint: "Another program takes the link.", when: ["CONNECTED"] },
  { action: "ban", label: "Ban the account", hint: "WhatsApp bans it for good.", when: ["CONNECTED"] },
  { action: "outdated", label: "Outdate this client", hint: "WhatsApp refuses this version.", when: LIVE },
  { action: "fail", label: "Fail inside", hint: "The engine stops with an error.", when: LIVE },
];

/** What can be made to happen on a server without a real WhatsApp. */
export function SimulationCard({ instance }: { instance: InstanceDetail }) {
  const simulation = useSimulation(instance.id);
  return (
    <Card
      title="Simulation"
      description="Plays the phone and the network. Nothing here reaches WhatsApp."
      action={<FlaskConical aria-hidden className="size-5 text-amber" />}
      className="border-amber/40!"
    >
      <div className="grid gap-2">
        {SCENES.filter(({ when }) => when.includes(instance.status)).map(({ action, label, hint }) => (
          <Button
            key={action}
            variant={action === "scan" ? "primary" : "secondary"}
            size="small"
            title={hint}
            busy={simulation.isPending && simulation.variables === action}
            onClick={() => simulation.mutate(action)}
          >
            {label}
          </Button>
        ))}
      </div>
      {simulation.error && (
        <div className="mt-3">
          <InlineError>{simulation.error.message}</InlineError>
        </div>
      )}
    </Card>
  );
}

export interface ScanButtonProps {
  instanceId: string;
  label?: string;
}

/** The same scan beside the code itself, where the rest of the page is out of reach. */
export function ScanButton({ instanceId, label = "Pretend to scan it" }: ScanButtonProps) {
  const simulation = useSimulation(instanceId);
  return (
    <section aria-label="Simulation" className="rounded-xl border border-amber/40 bg-amber-soft p-4 text-amber">
      <p className="text-sm">
        <FlaskConical aria-hidden className="mr-1.5 inline size-4 -translate-y-px" />
        <strong className="font-semibold">Simulated code:</strong> a real phone cannot scan it.
      </p>
      <Button
        variant="primary"
        className="mt-3 w-full"
        busy={simulation.isPending}
        onClick={() => simulation.mutate("scan")}
      >
        <ScanLine aria-hidden />
        {label}
      </Button>
      {simulation.error && <p className="mt-2 text-sm text-danger">{simulation.error.message}</p>}
    </section>
  );
}
