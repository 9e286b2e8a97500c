// @vitest-environment jsdom
import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import type { InstanceDetail } from "@/api/types";
import { Actions, type ActionsProps } from "./actions";

afterEach(cleanup);

function show(status: InstanceDetail["status"], props: Partial<ActionsProps> = {}) {
  const onConnect = vi.fn();
  const onConfirmed = vi.fn(() => Promise.resolve(true));
  render(
    <Actions
      instance={{ status, isActive: true } as InstanceDetail}
      pending={null}
      error={null}
      onConnect={onConnect}
      onConfirmed={onConfirmed}
      onReset={() => undefined}
      {...props}
    />,
  );
  return { onConnect, onConfirmed, user: userEvent.setup() };
}

it.each(["DISCONNECTED", "ERROR"] as const)("connects at once when %s", async (status) => {
  const { onConnect, user } = show(status);
  await user.click(screen.getByRole("button", { name: "Connect" }));
  expect(onConnect).toHaveBeenCalledOnce();
});

it.each(["INIT", "QR_REQUIRED", "CONNECTED", "RECONNECTING"] as const)(
  "asks before it disconnects when %s",
  async (status) => {
    const { onConfirmed, user } = show(status);
    await user.click(screen.getByRole("button", { name: "Disconnect" }));
    expect(onConfirmed).not.toHaveBeenCalled();
    await user.click(screen.getByRole("button", { name: "Disconnect" }));
    expect(onConfirmed).toHaveBeenCalledWith("disconnect");
    expect(screen.queryByRole("alertdialog")).toBeNull();
  },
);

it("does nothing when the question is answered with Cancel", async () => {
  const { onConfirmed, user } = show("CONNECTED");
  await user.click(screen.getByRole("button", { name: "Disconnect" }));
  await user.click(screen.getByRole("button", { name: "Cancel" }));
  expect(onConfirmed).not.toHaveBeenCalled();
  expect(screen.queryByRole("alertdialog")).toBeNull();
});

it("keeps the question open, with the reason, when it did not work", async () => {
  const { user } = show("CONNECTED", {
    error: "The server cannot be reached. Is it running?",
    onConfirmed: () => Promise.resolve(false),
  });
  await user.click(screen.getByRole("button", { name: "Disconnect" }));
  await user.click(screen.getByRole("button", { name: "Disconnect" }));
  expect(screen.getByRole("alertdialog").textContent).toContain("cannot be reached");
});
