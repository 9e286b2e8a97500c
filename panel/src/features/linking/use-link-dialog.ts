import { useState } from "react";
import type { InstanceDetail } from "@/api/types";

/** What somebody has to do now: scan, type a code in, give the passkey, or compare the codes. */
export type LinkingStep = "qr" | "code" | "passkey" | "compare";

/** What a phone can help with: each step, and at the first one also the number that gets a code. */
export type LinkingPart = LinkingStep | "number";

/** The step that is on show; null when nothing is. A server that tells of no `linking` has the QR code alone. */
export function linkingStep({ status, qrCode, linking }: LinkingState): LinkingStep | null {
  if (status !== "QR_REQUIRED") return null;
  if (linking?.passkey) return linking.passkey.verificationCode ? "compare" : "passkey";
  if (linking?.pairCode) return "code";
  return qrCode === null ? null : "qr";
}

type LinkingState = Pick<InstanceDetail, "status" | "qrCode"> & Partial<Pick<InstanceDetail, "linking">>;

/**
 * Whether the dialog is open: by itself while there is something to do, unless the user closed it for this pairing.
 * A passkey that is demanded opens it again. Closed by itself by any other status.
 */
export function useLinkDialog(instance: LinkingState) {
  const step = linkingStep(instance);
  const [dismissed, setDismissed] = useState(false);
  const [lastStep, setLastStep] = useState(step);
  // Another status ends the pairing: the next one opens the dialog again.
  if (dismissed && instance.status !== "QR_REQUIRED") setDismissed(false);
  if (step !== lastStep) {
    setLastStep(step);
    if (step === "passkey") setDismissed(false);
  }
  return {
    step,
    open: step !== null && !dismissed,
    setOpen: (open: boolean) => setDismissed(!open),
  };
}
