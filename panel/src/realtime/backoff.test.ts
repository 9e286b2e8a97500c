import { expect, it } from "vitest";
import { backoffDelay } from "./backoff";

const options = { firstDelayMs: 1_000, maxDelayMs: 30_000, random: () => 0.5 };

it("doubles up to its bound", () => {
  const delays = [1, 2, 3, 4, 5, 6, 100].map((failures) => backoffDelay(failures, options));
  expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
});

it("spreads clients by a quarter to either side", () => {
  expect(backoffDelay(1, { ...options, random: () => 0 })).toBe(750);
  expect(backoffDelay(1, { ...options, random: () => 1 })).toBe(1_250);
});
