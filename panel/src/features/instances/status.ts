// The six states in words, colours and icons, for every part of the panel.
import {
  CircleCheck,
  CircleX,
  LoaderCircle,
  Power,
  QrCode,
  RefreshCw,
  type LucideIcon,
} from "lucide-react";
import type { InstanceStatus } from "@/api/types";

export interface StatusLook {
  label: string;
  icon: LucideIcon;
  /** Text and background of a badge. */
  badge: string;
  /** Background of a bar. */
  solid: string;
  moving: boolean;
}

export const STATUS_LOOK: Record<InstanceStatus, StatusLook> = {
  CONNECTED: {
    label: "Connected",
    icon: CircleCheck,
    badge: "text-green bg-green-soft",
    solid: "bg-green-solid",
    moving: false,
  },
  QR_REQUIRED: {
    label: "QR code required",
    icon: QrCode,
    badge: "text-amber bg-amber-soft",
    solid: "bg-amber-solid",
    moving: false,
  },
  INIT: {
    label: "Starting",
    icon: LoaderCircle,
    badge: "text-blue bg-blue-soft",
    solid: "bg-blue-solid",
    moving: true,
  },
  RECONNECTING: {
    label: "Reconnecting",
    icon: RefreshCw,
    badge: "text-orange bg-orange-soft",
    solid: "bg-orange-solid",
    moving: true,
  },
  ERROR: {
    label: "Error",
    icon: CircleX,
    badge: "text-danger bg-danger-soft",
    solid: "bg-red-solid",
    moving: false,
  },
  DISCONNECTED: {
    label: "Disconnected",
    icon: Power,
    badge: "text-gray bg-gray-soft",
    solid: "bg-gray-solid",
    moving: false,
  },
};

/** In the order in which counts and filters list them. */
export const STATUSES = Object.keys(STATUS_LOOK) as InstanceStatus[];

export function statusLabel(status: string | null | undefined): string {
  return STATUS_LOOK[status as InstanceStatus]?.label ?? status ?? "Unknown";
}

export function isInstanceStatus(text: string): text is InstanceStatus {
  return text in STATUS_LOOK;
}

export type StatusCounts = Record<InstanceStatus, number>;

export function countByStatus(instances: { status: InstanceStatus }[]): StatusCounts {
  const counts = Object.fromEntries(STATUSES.map((status) => [status, 0])) as StatusCounts;
  for (const { status } of instances) counts[status] += 1;
  return counts;
}
