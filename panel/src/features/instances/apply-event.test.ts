import { expect, it } from "vitest";
import type { InstanceListItem } from "@/api/types";
import { applyEvent } from "./apply-event";

const waiting = {
  id: "a",
  status: "QR_REQUIRED",
  qrCode: "data:image/png;base64,AA==",
  qrCodeExpiry: "2026-01-10T12:01:00.000Z",
  statusSince: "2026-01-10T12:00:00.000Z",
  phone: null,
  displayName: null,
  lastConnectedAt: null,
  lastError: null,
  lastErrorAt: null,
  reason: { code: "QR_GENERATED", text: "Waiting for a scan." },
  nextStep: { what: "SCAN_QR", text: "Scan the code.", at: "2026-01-10T12:01:00.000Z" },
  lastSeq: 4,
  heldMessages: 0,
  realTimeStatus: { connectionState: "QR_REQUIRED", isConnected: false, qrAttempts: 1, maxQRAttempts: 3 },
} as unknown as InstanceListItem;

it("takes status, reason and next step from a status event, and drops the code", () => {
  const after = applyEvent(waiting, "instance:status:changed", {
    instanceId: "a",
    seq: 5,
    timestamp: "2026-01-10T12:00:30.000Z",
    oldStatus: "QR_REQUIRED",
    newStatus: "CONNECTED",
    reason: { code: "CONNECTED", text: "Logged in." },
    nextStep: { what: "WATCH_LIVENESS", text: "Watching.", at: null },
    metadata: { phone: "15550001111", displayName: "Ada", lastConnectedAt: "2026-01-10T12:00:30.000Z" },
  });
  expect(after).toMatchObject({
    status: "CONNECTED",
    statusSince: "2026-01-10T12:00:30.000Z",
    qrCode: null,
    qrCodeExpiry: null,
    phone: "15550001111",
    displayName: "Ada",
    reason: { code: "CONNECTED" },
    nextStep: { what: "WATCH_LIVENESS" },
    lastSeq: 5,
    realTimeStatus: { connectionState: "CONNECTED", isConnected: true },
  });
});

it("understands a status event that carries only the guide's fields", () => {
  const after = applyEvent(waiting, "instance:status:changed", { instanceId: "a", newStatus: "DISCONNECTED" });
  expect(after).toMatchObject({ status: "DISCONNECTED", qrCode: null, lastSeq: 4, reason: waiting.reason });
});

it("keeps the code when told again that one is required", () => {
  const after = applyEvent(waiting, "instance:status:changed", {
    instanceId: "a",
    seq: 4,
    timestamp: "2026-01-10T12:00:40.000Z",
    oldStatus: "QR_REQUIRED",
    newStatus: "QR_REQUIRED",
  });
  expect(after.qrCode).toBe(waiting.qrCode);
  expect(after.statusSince).toBe(waiting.statusSince);
});

it("shows the newest code, its end and its attempt", () => {
  const after = applyEvent({ ...waiting, status: "INIT" }, "instance:qr:generated", {
    instanceId: "a",
    seq: 5,
    qrCode: "data:image/png;base64,BB==",
    qrText: "2@text",
    expiry: "2026-01-10T12:02:00.000Z",
    attempt: 2,
    maxAttempts: 3,
  });
  expect(after).toMatchObject({
    status: "QR_REQUIRED",
    qrCode: "data:image/png;base64,BB==",
    qrCodeExpiry: "2026-01-10T12:02:00.000Z",
    realTimeStatus: { qrAttempts: 2, maxQRAttempts: 3 },
  });
});

it("ignores other instances, and events that REST has overtaken", () => {
  const late = { seq: 3, newStatus: "INIT" as const };
  expect(applyEvent(waiting, "instance:status:changed", { instanceId: "a", ...late })).toBe(waiting);
  expect(applyEvent(waiting, "instance:status:changed", { instanceId: "b", newStatus: "INIT" })).toBe(waiting);
});

it("keeps the text of an error", () => {
  const after = applyEvent(waiting, "instance:error", {
    instanceId: "a",
    seq: 6,
    error: "Refused.",
    code: "REFUSED",
    timestamp: "2026-01-10T12:03:00.000Z",
  });
  expect(after).toMatchObject({ lastError: "Refused.", lastErrorAt: "2026-01-10T12:03:00.000Z", lastSeq: 6 });
});

it("shows one way to link at a time", () => {
  const code = applyEvent(waiting, "instance:pair-code:generated", {
    instanceId: "a",
    seq: 5,
    pairCode: "ABCD-EFGH",
    expiry: "2026-01-10T12:03:00.000Z",
  });
  expect(code).toMatchObject({
    status: "QR_REQUIRED",
    qrCode: null,
    linking: { method: "code", pairCode: "ABCD-EFGH", pairCodeExpiry: "2026-01-10T12:03:00.000Z", passkey: null },
  });
  const asked = applyEvent(code, "instance:passkey:required", {
    instanceId: "a",
    seq: 6,
    options: { rpId: "whatsapp.com" },
    expiry: "2026-01-10T12:10:00.000Z",
  });
  expect(asked.linking).toMatchObject({
    method: "passkey",
    pairCode: null,
    passkey: { options: { rpId: "whatsapp.com" }, verificationCode: null },
  });
  const accepted = applyEvent(asked, "instance:passkey:code", {
    instanceId: "a",
    seq: 7,
    verificationCode: "WXYZ-1234",
    expiry: "2026-01-10T12:15:00.000Z",
  });
  expect(accepted.linking?.passkey).toMatchObject({
    options: { rpId: "whatsapp.com" },
    verificationCode: "WXYZ-1234",
  });
  const connected = applyEvent(accepted, "instance:status:changed", { instanceId: "a", newStatus: "CONNECTED" });
  expect(connected.linking).toBeNull();
});
