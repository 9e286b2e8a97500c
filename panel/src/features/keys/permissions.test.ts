import { expect, it } from "vitest";
import { PERMISSIONS, toFlags, toPermissions } from "./permissions";

it("names every category, with every flag, whatever is chosen", () => {
  expect(toPermissions(["messages.send", "instance.info", "unknown.flag"])).toEqual({
    messages: { send: true, receive: false },
    contacts: { check: false },
    instance: { info: true, stats: false },
    webhook: { configure: false },
  });
});

it("reads back what it wrote, and takes absent flags for false", () => {
  const all = PERMISSIONS.map(({ flag }) => flag);
  expect(toFlags(toPermissions(all))).toEqual(all);
  expect(toFlags({ messages: { receive: true }, contacts: {}, instance: {}, webhook: {} })).toEqual([
    "messages.receive",
  ]);
});
