// The events of the contract, under the names and with the fields of the setup guide. Fields beyond those are ours
// and optional here, so that an older backend serves as well.
import type { InstanceStatus, NextStep, Reason } from "@/api/types";

interface EventBase {
  instanceId: string;
  /** Server time, ISO 8601. */
  timestamp?: string;
  /** Counts up by one within the instance, without gaps. */
  seq?: number;
}

export interface RealtimeEvents {
  "instance:status:changed": EventBase & {
    newStatus: InstanceStatus;
    oldStatus?: InstanceStatus | null;
    metadata?: {
      error?: string | null;
      timestamp?: string;
      phone?: string;
      displayName?: string;
      lastConnectedAt?: string;
    };
    reason?: Reason;
    nextStep?: NextStep;
  };
  "instance:qr:generated": EventBase & {
    /** A data URL, or the raw text when the server is configured so. */
    qrCode?: string;
    /** The raw text that the code holds. */
    qrText?: string;
    expiry?: string;
    attempt?: number;
    maxAttempts?: number;
  };
  "instance:pair-code:generated": EventBase & { pairCode?: string; expiry?: string };
  "instance:passkey:required": EventBase & {
    /** WebAuthn PublicKeyCredentialRequestOptions, as JSON. */
    options?: Record<string, unknown>;
    expiry?: string;
  };
  "instance:passkey:code": EventBase & { verificationCode?: string; expiry?: string };
  "instance:connected": EventBase & { phone?: string; displayName?: string };
  "instance:disconnected": EventBase & { reason?: string; code?: string };
  "instance:error": EventBase & { error?: string; code?: string };
}

export type RealtimeEventName = keyof RealtimeEvents;

export const REALTIME_EVENTS = [
  "instance:status:changed",
  "instance:qr:generated",
  "instance:pair-code:generated",
  "instance:passkey:required",
  "instance:passkey:code",
  "instance:connected",
  "instance:disconnected",
  "instance:error",
] as const satisfies readonly RealtimeEventName[];

/** What the server answers to `subscribe:instance`. */
export type SubscribeAck =
  | { ok: true; instanceId: string; status?: InstanceStatus; seq?: number }
  | { ok: false; code?: string; error?: string };

export function isInstanceEvent(payload: unknown): payload is EventBase {
  return (
    typeof payload === "object" &&
    payload !== null &&
    typeof (payload as { instanceId?: unknown }).instanceId === "string"
  );
}
