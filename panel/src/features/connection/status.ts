import type { ConnectionStatus } from "@/realtime";

export interface ConnectionLook {
  label: string;
  explanation: string;
  dot: string;
  text: string;
}

const TRYING = { dot: "bg-orange-solid motion-safe:animate-pulse", text: "text-orange" };

export const CONNECTION_LOOK: Record<ConnectionStatus, ConnectionLook> = {
  idle: { label: "Connecting", explanation: "The live connection is being prepared.", ...TRYING },
  connecting: { label: "Connecting", explanation: "The live connection is being opened.", ...TRYING },
  live: { label: "Live", explanation: "Changes appear as they happen.", dot: "bg-green-solid", text: "text-green" },
  reconnecting: {
    label: "Reconnecting",
    explanation: "The live connection was lost and is being opened again.",
    ...TRYING,
  },
  off: {
    label: "Live updates off",
    explanation: "The pages ask the server every few seconds instead.",
    dot: "bg-red-solid",
    text: "text-danger",
  },
};
