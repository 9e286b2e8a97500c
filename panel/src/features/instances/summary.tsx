"use client";

import type { Instance } from "@/api/types";
import { NextStepText } from "./next-step";

/** One line of a list: what comes next where something does, otherwise why the instance rests or who is connected. */
export function InstanceSummary({ instance }: { instance: Instance }) {
  const { nextStep, reason } = instance;
  if (nextStep.what === "WATCH_LIVENESS") return <span className="block truncate">{account(instance)}</span>;
  if (nextStep.what === "NONE") return <span className="block truncate">{reason.text || nextStep.text}</span>;
  return <NextStepText nextStep={nextStep} oneLine />;
}

/** The linked account, as far as it is known. */
export function account({ displayName, phone }: Pick<Instance, "displayName" | "phone">): string {
  return [displayName, phone && `+${phone}`].filter(Boolean).join(" · ") || "No phone linked";
}
