import { expect, it } from "vitest";
import type { InstanceEvent } from "@/api/types";
import { describeEvent } from "./describe-event";

const cases: [InstanceEvent["type"], Record<string, unknown>, string, string?][] = [
  [
    "instance:status:changed",
    { oldStatus: "INIT", newStatus: "QR_REQUIRED", reason: { code: "X", text: "A code must be scanned." } },
    "Starting → QR code required",
    "A code must be scanned.",
  ],
  ["instance:status:changed", { newStatus: "CONNECTED" }, "Connected"],
  ["instance:status:changed", { newStatus: "SOMETHING_NEW" }, "SOMETHING_NEW"],
  ["instance:qr:generated", { attempt: 2, maxAttempts: 3 }, "QR code 2 of 3"],
  ["instance:qr:generated", {}, "QR code"],
  ["instance:connected", { phone: "15550001111", displayName: "Ada" }, "Connected as Ada, +15550001111"],
  ["instance:connected", {}, "Connected"],
  ["instance:disconnected", { reason: "The network is gone." }, "Disconnected", "The network is gone."],
  ["instance:error", { error: "Refused.", code: "REFUSED" }, "Error", "Refused."],
];

it.each(cases)("%s %j is told in words", (type, payload, title, detail) => {
  const event: InstanceEvent = { seq: 1, instanceId: "a", timestamp: "2026-01-10T12:00:00.000Z", type, payload };
  expect(describeEvent(event)).toEqual({ title, ...(detail ? { detail } : {}) });
});
