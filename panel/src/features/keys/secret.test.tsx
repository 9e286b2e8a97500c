// @vitest-environment jsdom
import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it } from "vitest";
import { Secret } from "./secret";

afterEach(cleanup);

const KEY = `wa_${"0123456789abcdef".repeat(4)}`;

it("shows a key in clear only when asked, and hides it again", async () => {
  const user = userEvent.setup();
  render(<Secret secret={KEY} />);
  expect(document.body.textContent).not.toContain(KEY);
  expect(screen.getByText(/^wa_0123•+cdef$/)).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Show API key" }));
  expect(screen.getByText(KEY)).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Hide API key" }));
  expect(screen.queryByText(KEY)).toBeNull();
});

it("copies the key without showing it", async () => {
  const user = userEvent.setup();
  render(<Secret secret={KEY} />);
  await user.click(screen.getByRole("button", { name: "Copy API key" }));
  expect(await navigator.clipboard.readText()).toBe(KEY);
  expect(screen.queryByText(KEY)).toBeNull();
});

it("says so when the server keeps the key to itself", () => {
  render(<Secret secret={null} />);
  expect(screen.getByText(/masks its keys/)).toBeTruthy();
});
