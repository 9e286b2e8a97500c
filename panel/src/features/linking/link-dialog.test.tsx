// @vitest-environment jsdom
import { act, cleanup, render, renderHook, screen } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import type { InstanceDetail } from "@/api/types";
import { serverNow } from "@/lib/server-clock";
import { QrDialog, useQrDialog } from "./qr-dialog";

afterEach(cleanup);

const PICTURE = "data:image/png;base64,AA==";
const instance = (status: InstanceDetail["status"], qrCode: string | null = null) =>
  ({
    status,
    qrCode,
    qrCodeExpiry: qrCode && new Date(serverNow() + 42_500).toISOString(),
    realTimeStatus: { qrAttempts: 2, maxQRAttempts: 3 },
  }) as InstanceDetail;

it("opens when there is a code and closes with any other status", () => {
  const { result, rerender } = renderHook((shown: InstanceDetail) => useQrDialog(shown), {
    initialProps: instance("INIT"),
  });
  const openAfter = (next: InstanceDetail) => {
    rerender(next);
    return result.current.open;
  };
  expect(result.current.open).toBe(false);
  expect(openAfter(instance("QR_REQUIRED"))).toBe(false);
  expect(openAfter(instance("QR_REQUIRED", PICTURE))).toBe(true);
  expect(openAfter(instance("CONNECTED"))).toBe(false);
});

it("stays closed for the rest of a pairing once it was closed, and opens for the next one", () => {
  const { result, rerender } = renderHook((shown: InstanceDetail) => useQrDialog(shown), {
    initialProps: instance("QR_REQUIRED", PICTURE),
  });
  act(() => result.current.setOpen(false));
  rerender(instance("QR_REQUIRED", "data:image/png;base64,BB=="));
  expect(result.current).toMatchObject({ open: false, hasCode: true });
  act(() => result.current.setOpen(true));
  expect(result.current.open).toBe(true);
  act(() => result.current.setOpen(false));
  rerender(instance("DISCONNECTED"));
  rerender(instance("QR_REQUIRED", PICTURE));
  expect(result.current.open).toBe(true);
});

it("shows the picture, how long it is valid, and which one it is", () => {
  render(<QrDialog open onOpenChange={() => undefined} instance={instance("QR_REQUIRED", PICTURE)} />);
  expect(screen.getByRole("dialog", { name: "Link a phone" })).toBeTruthy();
  expect(screen.getByAltText("QR code to scan with WhatsApp").getAttribute("src")).toBe(PICTURE);
  expect(screen.getByText(/^Valid for 0:\d\d$/)).toBeTruthy();
  expect(screen.getByText("Code 2 of 3")).toBeTruthy();
});

it("draws the code itself when the server sends raw text", async () => {
  render(<QrDialog open onOpenChange={() => undefined} instance={instance("QR_REQUIRED", "2@raw,text")} />);
  const picture = await screen.findByRole("img", { name: "QR code to scan with WhatsApp" });
  expect(picture.querySelectorAll("path").length).toBeGreaterThan(0);
});
