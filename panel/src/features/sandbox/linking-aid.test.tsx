// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import { api } from "@/api";
import type { InstanceDetail, Linking } from "@/api/types";
import type { LinkingPart } from "@/features/linking/use-link-dialog";
import { LinkingAid } from "./linking-aid";
import type { SandboxPhone } from "./types";

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

const phone = (number: string, more: Partial<SandboxPhone> = {}) =>
  ({ number, pushName: "Ada", state: "ok", online: true, devices: [], ...more }) as SandboxPhone;
const LINKED = { devices: [{ number: 1 }] as SandboxPhone["devices"] };
const OPTIONS = { challenge: "AA", rpId: "whatsapp.com" };

/** The aid for a part, on a server with these phones; remembers what was asked of it. */
function show(part: LinkingPart, linking: Partial<Linking>, phones: SandboxPhone[] = []) {
  const sent: [string, unknown][] = [];
  vi.spyOn(api, "request").mockImplementation((async (_method: string, path: string, options: { body?: unknown }) => {
    sent.push([path, options.body]);
    return {};
  }) as never);
  vi.spyOn(api, "send").mockImplementation(async (method, path, options) => {
    if (method === "get") return phones;
    const what = path.replace("/api/sandbox/phones", "");
    sent.push([what, options?.body]);
    return what === "" ? phone("15559999999", options?.body as Partial<SandboxPhone>) : { assertion: { id: "x" } };
  });
  const cache = new QueryClient();
  const aid = (now: LinkingPart, on: Partial<Linking>) => (
    <QueryClientProvider client={cache}>
      <LinkingAid key={now} instance={{ id: "a", linking: on } as InstanceDetail} part={now} />
    </QueryClientProvider>
  );
  const { rerender } = render(aid(part, linking));
  const next = (now: LinkingPart, on: Partial<Linking>) => rerender(aid(now, on));
  return { sent, user: userEvent.setup(), next };
}

it("scans with a new phone where there is none", async () => {
  const { sent, user } = show("qr", { qrText: "2@the-code" });
  await user.click(screen.getByRole("button", { name: "Scan with a sandbox phone" }));
  expect(sent).toEqual([
    ["", {}],
    ["/15559999999/scan", { qr: "2@the-code" }],
  ]);
});

it("scans with the first phone that is free, online and not banned, or the one that is chosen", async () => {
  const { sent, user } = show("qr", { qrText: "2@the-code" }, [
    phone("15550000001", { online: false }),
    phone("15550000002", { state: "banned" }),
    phone("15550000003", LINKED),
    phone("15550000004"),
  ]);
  const choice = await screen.findByLabelText("Phone");
  expect([...choice.querySelectorAll("option")].map(({ value }) => value)).toEqual(["15550000003", "15550000004", ""]);
  const scan = screen.getByRole("button", { name: "Scan with a sandbox phone" });
  await user.click(scan);
  await user.selectOptions(choice, "15550000003");
  await user.click(scan);
  await user.selectOptions(choice, "A new phone");
  await user.click(scan);
  expect(sent.map(([path]) => path)).toEqual(["/15550000004/scan", "/15550000003/scan", "", "/15559999999/scan"]);
});

it("asks for a code for a phone, and has that phone type it in", async () => {
  const { sent, user, next } = show("number", {}, [phone("15550000001", LINKED), phone("15550000002")]);
  await screen.findByLabelText("Phone");
  await user.click(screen.getByRole("button", { name: "Get a code for a sandbox phone" }));
  next("code", { pairCode: "ABCD-EFGH" });
  await user.click(await screen.findByRole("button", { name: "Type it into the sandbox phone" }));
  expect(sent).toEqual([
    ["/api/instances/{id}/pair-code", { phone: "15550000002" }],
    ["/15550000002/code", { code: "ABCD-EFGH" }],
  ]);
});

it("makes a phone to ask for, where there is none", async () => {
  const { sent, user } = show("number", {});
  await user.click(screen.getByRole("button", { name: "Get a code for a sandbox phone" }));
  expect(sent).toEqual([
    ["", {}],
    ["/api/instances/{id}/pair-code", { phone: "15559999999" }],
  ]);
});

it("sends to the page of the phones when it does not know the number of the code", () => {
  show("code", { pairCode: "ABCD-EFGH" });
  expect(screen.getByRole("link", { name: "Sandbox" })).toBeTruthy();
  expect(screen.queryByRole("button")).toBeNull();
});

it("answers with the passkey of the phone that is asked, and hands the answer in", async () => {
  const { sent, user } = show("passkey", { passkey: { options: OPTIONS, expiry: "", verificationCode: null } }, [
    phone("15550000001", { passkeyOptions: JSON.stringify({ ...OPTIONS, challenge: "BB" }) }),
    phone("15550000002", { passkeyOptions: JSON.stringify(OPTIONS) }),
  ]);
  await user.click(screen.getByRole("button", { name: "Answer with the sandbox phone's passkey" }));
  expect(sent).toEqual([
    ["/15550000002/passkey-assertion", { options: OPTIONS }],
    ["/api/instances/{id}/passkey", { assertion: { id: "x" } }],
  ]);
});

it("confirms on the phone that shows the same code, and on no other", async () => {
  const passkey = { options: OPTIONS, expiry: "", verificationCode: "WXYZ-1234" };
  const phones = [phone("15550000001", { verificationCode: "AAAA-1111" })];
  const { sent, user } = show("compare", { passkey }, phones);
  await user.click(screen.getByRole("button", { name: "Confirm on the sandbox phone" }));
  expect((await screen.findByRole("alert")).textContent).toContain("No phone of the sandbox is asked for this.");
  phones.push(phone("15550000002", { verificationCode: "WXYZ-1234" }));
  await user.click(screen.getByRole("button", { name: "Confirm on the sandbox phone" }));
  expect(sent).toEqual([["/15550000002/passkey", { approve: true }]]);
});
