// @vitest-environment jsdom
import { beforeEach, expect, it, vi } from "vitest";
import { SessionStore } from "./session-store";
import type { User } from "@/api/types";

const user = { id: "u1", email: "ada@example.com", name: "Ada", role: "ADMINISTRATOR" } as User;
const newStore = () => new SessionStore(() => ({ persistent: localStorage, temporary: sessionStorage }));

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
});

it("outlives the tab only when asked to", () => {
  newStore().signIn({ token: "t1", user }, false);
  expect(localStorage).toHaveLength(0);
  expect(newStore().getToken()).toBe("t1");
  sessionStorage.clear();
  newStore().signIn({ token: "t2", user }, true);
  expect(sessionStorage).toHaveLength(0);
  expect(newStore().getToken()).toBe("t2");
});

it("keeps the token and the name, and nothing else of the account", () => {
  newStore().signIn({ token: "t", user: { ...user, subscriptionId: "s" } }, true);
  expect(JSON.parse(localStorage.getItem("patchbay.session")!)).toEqual({ token: "t", user });
});

it("tells an expired session from a wanted sign-out", () => {
  const store = newStore();
  store.signIn({ token: "t", user }, true);
  store.expire();
  expect(store.getState()).toEqual({ session: null, expired: true });
  expect(localStorage).toHaveLength(0);
  store.signIn({ token: "t", user }, true);
  store.signOut();
  expect(store.getState()).toEqual({ session: null, expired: false });
});

it("follows other tabs", () => {
  const here = newStore();
  const changed = vi.fn();
  here.signIn({ token: "t", user }, true);
  here.subscribe(changed);
  localStorage.clear();
  here.onStorage({ key: "patchbay.session" });
  expect(here.getState().session).toBeNull();
  expect(changed).toHaveBeenCalledOnce();
});

it("treats damaged contents as signed out", () => {
  for (const damaged of ["{", '"text"', '{"token":1}', '{"token":"t"}']) {
    localStorage.setItem("patchbay.session", damaged);
    expect(newStore().getState().session).toBeNull();
  }
});
