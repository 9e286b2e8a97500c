// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import { api } from "@/api";
import { SandboxPage } from "./sandbox-page";
import type { SandboxPhone } from "./types";

vi.mock("@/realtime", () => ({ useIsLive: () => true }));

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

const PHONE: SandboxPhone = {
  number: "15550000001",
  pushName: "Ada",
  businessName: "",
  state: "ok",
  online: true,
  passkey: false,
  lastPairing: "none",
  devices: [
    { number: 3, os: "Ubuntu", platform: "Chrome", pushName: "", linkedAt: "2026-01-10T12:00:00.000Z", connected: true },
  ],
};
const WAITING = { id: "a", name: "shop", status: "QR_REQUIRED", linking: { method: "qr", qrText: "2@the-code", passkey: null } };

/** A server with these phones; remembers what was asked of the sandbox. */
function show({ sandbox = true, phones = [PHONE], instances = [WAITING] }: Partial<Server> = {}) {
  const sent: [string, string, unknown][] = [];
  vi.spyOn(api, "request").mockImplementation((async (method: string, path: string, options: { body?: unknown }) => {
    if (path === "/api/version") return { sandbox };
    if (path === "/api/instances") return { instances, pagination: {} };
    sent.push([method, path, options.body]);
    return {};
  }) as never);
  vi.spyOn(api, "send").mockImplementation(async (method, path, options) => {
    if (method === "get" && path.endsWith("/phones")) return phones;
    if (method === "get" && path.endsWith("/faults")) return [{ id: 4, kind: "drop", used: 0, phone: null, count: 2 }];
    if (method === "get") {
      const time = "2026-01-10T12:00:00.000Z";
      const violation = { time, rule: "ack.missing", device: null, connection: 7, description: "No ack." };
      return { total: 1, violations: [violation] };
    }
    sent.push([method, path, options?.body]);
    return path.endsWith("/passkey-assertion") ? { assertion: { id: "x" } } : {};
  });
  const cache = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <QueryClientProvider client={cache}>
      <SandboxPage />
    </QueryClientProvider>,
  );
  return { sent, user: userEvent.setup() };
}
interface Server {
  sandbox: boolean;
  phones: SandboxPhone[];
  instances: unknown[];
}

it("says so where there is no sandbox", async () => {
  show({ sandbox: false });
  expect(await screen.findByText("There is no sandbox on this server")).toBeTruthy();
});

it("scans the code of a waiting instance with one click", async () => {
  const { sent, user } = show();
  const phone = await screen.findByRole("region", { name: "+15550000001" });
  await user.click(within(phone).getByRole("button", { name: "Scan" }));
  await user.click(await screen.findByRole("button", { name: "Scan the code of shop" }));
  expect(sent).toEqual([["post", "/api/sandbox/phones/15550000001/scan", { qr: "2@the-code" }]]);
  expect(screen.queryByRole("dialog")).toBeNull();
});

it("types a code in, and unlinks a device", async () => {
  const { sent, user } = show();
  await user.type(await screen.findByLabelText("Code of an instance"), "ABCD-EFGH");
  await user.click(screen.getByRole("button", { name: "Type it in" }));
  await user.click(screen.getByRole("button", { name: "Unlink device 3 of +15550000001" }));
  expect(sent).toEqual([
    ["post", "/api/sandbox/phones/15550000001/code", { code: "ABCD-EFGH" }],
    ["post", "/api/sandbox/phones/15550000001/unlink", { device: 3 }],
  ]);
});

it("answers a passkey for the instance that waits for it, and approves on the phone", async () => {
  const options = { rpId: "whatsapp.com" };
  const { sent, user } = show({
    phones: [{ ...PHONE, passkeyOptions: JSON.stringify(options), verificationCode: "WXYZ-1234" }],
    instances: [{ ...WAITING, linking: { method: "passkey", qrText: null, passkey: { options, verificationCode: null } } }],
  });
  await user.click(await screen.findByRole("button", { name: "Answer for shop" }));
  await user.click(screen.getByRole("button", { name: "Yes, link it" }));
  expect(sent).toEqual([
    ["post", "/api/sandbox/phones/15550000001/passkey-assertion", { options }],
    ["post", "/api/instances/{id}/passkey", { assertion: { id: "x" } }],
    ["post", "/api/sandbox/phones/15550000001/passkey", { approve: true }],
  ]);
});

it("creates phones", async () => {
  const { sent, user } = show({ phones: [] });
  await user.click((await screen.findAllByRole("button", { name: "New phone" }))[0]!);
  await user.type(screen.getByLabelText("Number (optional)"), "+1 555 000 0002");
  await user.click(screen.getByLabelText("Demands its passkey"));
  await user.click(screen.getByRole("button", { name: "Create phone" }));
  expect(sent).toEqual([
    ["post", "/api/sandbox/phones", { number: "15550000002", pushName: undefined, passkey: true }],
  ]);
});

it("adds and removes faults, and shows violations", async () => {
  const { sent, user } = show();
  const faults = await screen.findByRole("region", { name: "Faults" });
  await user.selectOptions(within(faults).getByLabelText("Fault"), "delay");
  await user.selectOptions(within(faults).getByLabelText("For"), "15550000001");
  await user.type(within(faults).getByLabelText("Milliseconds"), "250");
  await user.click(within(faults).getByRole("button", { name: "Add fault" }));
  await user.click(await within(faults).findByRole("button", { name: "Remove: Drop the connection" }));
  expect(sent).toEqual([
    ["post", "/api/sandbox/faults", { kind: "delay", count: 1, phone: "15550000001", delayMs: 250 }],
    ["delete", "/api/sandbox/faults/4", undefined],
  ]);
  const violations = await screen.findByRole("region", { name: "Violations" });
  expect(await within(violations).findByText("ack.missing")).toBeTruthy();
});
