// An event of the log in words.
import type { InstanceEvent } from "@/api/types";
import { statusLabel } from "@/features/instances/status";
import { formatClock } from "@/lib/time";

export interface EventDescription {
  title: string;
  detail?: string;
}

export function describeEvent({ type, payload }: InstanceEvent): EventDescription {
  switch (type) {
    case "instance:status:changed": {
      const reason = payload.reason as { text?: unknown } | undefined;
      const to = statusLabel(text(payload.newStatus));
      const from = text(payload.oldStatus);
      return { title: from ? `${statusLabel(from)} → ${to}` : to, detail: text(reason?.text) };
    }
    case "instance:qr:generated": {
      const { attempt, maxAttempts } = payload;
      const expiry = text(payload.expiry);
      return {
        title:
          typeof attempt === "number" && typeof maxAttempts === "number"
            ? `QR code ${attempt} of ${maxAttempts}`
            : "QR code",
        detail: expiry && `Valid until ${formatClock(expiry)}.`,
      };
    }
    case "instance:pair-code:generated": {
      const expiry = text(payload.expiry);
      return { title: "Code to type into the phone", detail: expiry && `Valid until ${formatClock(expiry)}.` };
    }
    case "instance:passkey:required":
      return { title: "Passkey demanded", detail: "The account asks for its passkey before it links a device." };
    case "instance:passkey:code": {
      const code = text(payload.verificationCode);
      return { title: "Passkey accepted", detail: code && `Compare ${code} with the code on the phone.` };
    }
    case "instance:connected": {
      const phone = text(payload.phone);
      const who = [text(payload.displayName), phone && `+${phone}`].filter(Boolean).join(", ");
      return { title: who ? `Connected as ${who}` : "Connected" };
    }
    case "instance:disconnected":
      return { title: "Disconnected", detail: text(payload.reason) };
    case "instance:error":
      return { title: "Error", detail: text(payload.error) };
  }
  return { title: type };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
