import { expect, it } from "vitest";
import { instanceHref, safeReturnPath } from "./routes";

it("returns only to pages of this panel after a login", () => {
  expect(safeReturnPath("/instance/?id=a")).toBe("/instance/?id=a");
  for (const elsewhere of [null, "", "https://example.org", "//example.org", "/\\example.org", "javascript:alert(1)"]) {
    expect(safeReturnPath(elsewhere)).toBe("/");
  }
});

it("writes ids into addresses safely", () => {
  expect(instanceHref("a&b=c")).toBe("/instance/?id=a%26b%3Dc");
});
