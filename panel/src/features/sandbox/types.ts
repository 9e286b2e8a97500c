// The sandbox's own answers, under /api/sandbox; they stand in no OpenAPI document, so only what the page needs is
// named here.

export interface SandboxDevice {
  number: number;
  os: string;
  platform: string;
  pushName: string;
  linkedAt: string;
  connected: boolean;
}

export interface SandboxPhone {
  number: string;
  pushName: string;
  businessName: string;
  /** "ok", "locked", "banned", … */
  state: string;
  online: boolean;
  /** Whether the account demands its passkey when a device is linked. */
  passkey: boolean;
  /** How the last pairing went, in words. */
  lastPairing: string;
  devices: SandboxDevice[];
  /** While a passkey is asked for. */
  passkeyOptions?: string;
  /** While the phone shows a code to compare. */
  verificationCode?: string;
}

export interface SandboxFault {
  id: number;
  kind: string;
  used: number;
  /** The number of the phone; null: everybody. */
  phone: string | null;
  /** The coming connections it is for; null: all. */
  count: number | null;
  afterFrames?: number;
  delayMs?: number;
  code?: number;
  bytes?: number;
  conflict?: string;
}

export interface SandboxViolations {
  total: number;
  violations: { time: string; rule: string; device: string | null; connection: number; description: string }[];
}

export interface NewPhone {
  number?: string;
  pushName?: string;
  passkey?: boolean;
}

export interface NewFault {
  kind: string;
  phone?: string;
  count?: number | null;
  afterFrames?: number;
  delayMs?: number;
  code?: number;
  bytes?: number;
}

/** What a phone can be made to do, with what it needs for it. */
export type PhoneAction =
  | { action: "scan"; body: { qr: string } }
  | { action: "code"; body: { code: string } }
  | { action: "passkey"; body: { approve: boolean } }
  | { action: "unlink"; body: { device: number } }
  | { action: "ban"; body: { kind: "ban" | "lock" | "temporary"; seconds?: number } }
  | { action: "unban" | "offline" | "online" | "take-over" | "drop" | "end"; body?: undefined };

/** The faults that happen before a client says who it is, and so to everybody. */
export const ANONYMOUS_FAULTS = ["refuse-tcp", "refuse-http", "expired-certificate", "wrong-root", "wrong-leaf"];

/** Each kind in words, and the number it takes besides how often. */
export const FAULTS: { kind: string; label: string; takes?: "code" | "delayMs" | "bytes" | "afterFrames" }[] = [
  { kind: "refuse-tcp", label: "Refuse the TCP connection" },
  { kind: "refuse-http", label: "Answer the upgrade with an HTTP error", takes: "code" },
  { kind: "expired-certificate", label: "Show an expired certificate" },
  { kind: "wrong-root", label: "Show a certificate of another root" },
  { kind: "wrong-leaf", label: "Show a certificate of another key" },
  { kind: "refuse", label: "Refuse the login", takes: "code" },
  { kind: "downgrade", label: "Say the phone is too old" },
  { kind: "drop", label: "Drop the connection", takes: "afterFrames" },
  { kind: "stall", label: "Stop answering", takes: "afterFrames" },
  { kind: "corrupt", label: "Damage a frame", takes: "afterFrames" },
  { kind: "replay", label: "Send a frame twice", takes: "afterFrames" },
  { kind: "stream-error", label: "End with a stream error", takes: "code" },
  { kind: "end", label: "End the stream", takes: "afterFrames" },
  { kind: "delay", label: "Hold frames back", takes: "delayMs" },
  { kind: "split", label: "Cut frames into pieces", takes: "bytes" },
];
