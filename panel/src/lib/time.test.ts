import { expect, it } from "vitest";
import { formatAgo, formatCountdown } from "./time";

it("counts down in minutes and seconds, and stops at zero", () => {
  expect([59_001, 60_000, 61_000, 3_600_000, 0, -5_000].map(formatCountdown)).toEqual([
    "1:00",
    "1:00",
    "1:01",
    "1:00:00",
    "0:00",
    "0:00",
  ]);
});

it("says how long ago in one unit", () => {
  const now = Date.parse("2026-01-10T12:00:00Z");
  const ago = (seconds: number) => formatAgo(new Date(now - seconds * 1000).toISOString(), now);
  expect([0, 44, 60, 3_599, 7_200, 172_800, -10].map(ago)).toEqual([
    "just now",
    "just now",
    "1 min ago",
    "60 min ago",
    "2 h ago",
    "2 d ago",
    "just now",
  ]);
});
