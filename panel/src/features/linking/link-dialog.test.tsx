// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, render, renderHook, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import { api } from "@/api";
import { ApiError } from "@/api/errors";
import type { InstanceDetail, Linking } from "@/api/types";
import { serverNow } from "@/lib/server-clock";
import { LinkDialog, type LinkDialogProps } from "./link-dialog";
import { linkingStep, useLinkDialog } from "./use-link-dialog";

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

const PICTURE = "data:image/png;base64,AA==";
const inSeconds = (seconds: number) => new Date(serverNow() + seconds * 1000).toISOString();
const instance = (status: InstanceDetail["status"], qrCode: string | null = null, linking?: Partial<Linking>) =>
  ({
    id: "a",
    status,
    qrCode,
    qrCodeExpiry: qrCode && inSeconds(42.5),
    linking: linking ? { pairCode: null, pairCodeExpiry: null, passkey: null, ...linking } : undefined,
    realTimeStatus: { qrAttempts: 2, maxQRAttempts: 3 },
  }) as InstanceDetail;
const CODE = instance("QR_REQUIRED", null, {
  method: "code",
  pairCode: "ABCD-EFGH",
  pairCodeExpiry: inSeconds(170.5),
});
const passkey = (verificationCode: string | null) =>
  instance("QR_REQUIRED", null, {
    method: "passkey",
    passkey: { options: { rpId: "whatsapp.com", challenge: "AA" }, expiry: inSeconds(250.5), verificationCode },
  });

function show(shown: InstanceDetail, aid?: LinkDialogProps["aid"]) {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <LinkDialog open onOpenChange={() => undefined} instance={shown} step={linkingStep(shown)} aid={aid} />
    </QueryClientProvider>,
  );
  return userEvent.setup();
}

it("opens when there is a code and closes with any other status", () => {
  const { result, rerender } = renderHook((shown: InstanceDetail) => useLinkDialog(shown), {
    initialProps: instance("INIT"),
  });
  const openAfter = (next: InstanceDetail) => {
    rerender(next);
    return result.current.open;
  };
  expect(result.current.open).toBe(false);
  expect(openAfter(instance("QR_REQUIRED"))).toBe(false);
  expect(openAfter(instance("QR_REQUIRED", PICTURE))).toBe(true);
  expect(openAfter(CODE)).toBe(true);
  expect(openAfter(instance("CONNECTED"))).toBe(false);
});

it("stays closed for the rest of a pairing once it was closed, and opens for the next one", () => {
  const { result, rerender } = renderHook((shown: InstanceDetail) => useLinkDialog(shown), {
    initialProps: instance("QR_REQUIRED", PICTURE),
  });
  act(() => result.current.setOpen(false));
  rerender(instance("QR_REQUIRED", "data:image/png;base64,BB=="));
  expect(result.current).toMatchObject({ open: false, step: "qr" });
  act(() => result.current.setOpen(true));
  expect(result.current.open).toBe(true);
  act(() => result.current.setOpen(false));
  rerender(instance("DISCONNECTED"));
  rerender(instance("QR_REQUIRED", PICTURE));
  expect(result.current.open).toBe(true);
});

it("opens again when a passkey is demanded", () => {
  const { result, rerender } = renderHook((shown: InstanceDetail) => useLinkDialog(shown), {
    initialProps: instance("QR_REQUIRED", PICTURE),
  });
  act(() => result.current.setOpen(false));
  rerender(passkey(null));
  expect(result.current).toMatchObject({ open: true, step: "passkey" });
  rerender(passkey("WXYZ-1234"));
  expect(result.current).toMatchObject({ open: true, step: "compare" });
});

it("shows the picture, how long it is valid, and which one it is", () => {
  show(instance("QR_REQUIRED", PICTURE));
  expect(screen.getByRole("dialog", { name: "Link a phone" })).toBeTruthy();
  expect(screen.getByAltText("QR code to scan with WhatsApp").getAttribute("src")).toBe(PICTURE);
  expect(screen.getByText(/^Valid for 0:\d\d$/)).toBeTruthy();
  expect(screen.getByText("Code 2 of 3")).toBeTruthy();
});

it("draws the code itself when the server sends raw text", async () => {
  show(instance("QR_REQUIRED", "2@raw,text"));
  const picture = await screen.findByRole("img", { name: "QR code to scan with WhatsApp" });
  expect(picture.querySelectorAll("path").length).toBeGreaterThan(0);
});

it("asks for the number and sends it", async () => {
  const request = vi.spyOn(api, "request").mockResolvedValue({ pairCode: "ABCD-EFGH" } as never);
  const user = show(instance("QR_REQUIRED", PICTURE));
  await user.click(screen.getByRole("tab", { name: "Link with phone number" }));
  await user.type(screen.getByLabelText("Phone number"), "0170 123");
  await user.click(screen.getByRole("button", { name: "Get a code" }));
  expect(screen.getByText(/Begin with the country code/)).toBeTruthy();
  expect(request).not.toHaveBeenCalled();
  await user.clear(screen.getByLabelText("Phone number"));
  await user.type(screen.getByLabelText("Phone number"), "+49 170 1234567");
  await user.click(screen.getByRole("button", { name: "Get a code" }));
  expect(request).toHaveBeenCalledWith("post", "/api/instances/{id}/pair-code", {
    path: { id: "a" },
    body: { phone: "+49 170 1234567" },
  });
});

it("shows the code to type in, with the time it has and a way to copy it", () => {
  show(CODE);
  expect(screen.getByText("ABCD-EFGH").getAttribute("aria-label")).toBe("Code: A B C D E F G H");
  expect(screen.getByText(/^Valid for 2:\d\d$/)).toBeTruthy();
  expect(screen.getByRole("button", { name: "Copy code" })).toBeTruthy();
});

it("promises nothing by itself once the code to type in has run out", () => {
  const linking = { method: "code" as const, pairCode: "ABCD-EFGH", pairCodeExpiry: inSeconds(-1) };
  show(instance("QR_REQUIRED", null, linking));
  expect(screen.getByText("This code has run out; connect again for another one.")).toBeTruthy();
});

it("explains the passkey and hands in what was pasted", async () => {
  const request = vi.spyOn(api, "request").mockResolvedValue({} as never);
  const user = show(passkey(null));
  expect(screen.getByRole("dialog", { name: "This account demands its passkey" })).toBeTruthy();
  expect(screen.getByRole("group", { name: "Code to run" }).textContent).toContain('"rpId":"whatsapp.com"');
  const field = screen.getByLabelText("What the console printed");
  await user.click(field);
  await user.paste("Undefined");
  await user.click(screen.getByRole("button", { name: "Hand it in" }));
  expect(screen.getByText(/Paste the whole line/)).toBeTruthy();
  expect(request).not.toHaveBeenCalled();
  await user.clear(field);
  await user.click(field);
  await user.paste(`'{"id":"x","response":{}}'`);
  await user.click(screen.getByRole("button", { name: "Hand it in" }));
  expect(request).toHaveBeenCalledWith("post", "/api/instances/{id}/passkey", {
    path: { id: "a" },
    body: { assertion: '{"id":"x","response":{}}' },
  });
});

it("says what the server found wrong with the passkey", async () => {
  const answer = { error: { code: "VALIDATION_ERROR", message: "This is not what a browser gives." } };
  vi.spyOn(api, "request").mockRejectedValue(ApiError.fromAnswer(400, answer));
  const user = show(passkey(null));
  await user.click(screen.getByLabelText("What the console printed"));
  await user.paste('{"id":"x"}');
  await user.click(screen.getByRole("button", { name: "Hand it in" }));
  expect((await screen.findByRole("alert")).textContent).toContain("not what a browser gives");
});

it("shows the code to compare", () => {
  show(passkey("WXYZ-1234"));
  expect(screen.getByRole("dialog", { name: "Compare the codes" })).toBeTruthy();
  expect(screen.getByText("WXYZ-1234")).toBeTruthy();
  expect(screen.getByText(/refuse there/)).toBeTruthy();
});

it("tells before the link what it may cost", () => {
  show(instance("QR_REQUIRED", PICTURE));
  expect(screen.getByText("Before you link an account")).toBeTruthy();
  expect(screen.getByText(/link a number that you can afford to lose/)).toBeTruthy();
});

const Aid: LinkDialogProps["aid"] = ({ part }) => <p>Aid for {part}</p>;

it("shows the aid for what is on show", async () => {
  const user = show(instance("QR_REQUIRED", PICTURE), Aid);
  expect(screen.getByText(/^Aid for/).textContent).toBe("Aid for qr");
  await user.click(screen.getByRole("tab", { name: "Link with phone number" }));
  expect(screen.getByText(/^Aid for/).textContent).toBe("Aid for number");
  cleanup();
  show(CODE, Aid);
  expect(screen.getByText(/^Aid for/).textContent).toBe("Aid for code");
});
