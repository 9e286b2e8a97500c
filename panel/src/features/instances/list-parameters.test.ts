// @vitest-environment jsdom
import { act, cleanup, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { SEARCH_DELAY_MS, useListParameters } from "./list-parameters";

// As in the browser, what is rendered follows the address later.
let rendered = "";
vi.mock("next/navigation", () => ({ useSearchParams: () => new URLSearchParams(rendered) }));

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

function open(query: string) {
  window.history.replaceState(null, "", `/instances/${query}`);
  rendered = query;
  const { result, rerender } = renderHook(() => useListParameters());
  const follow = () => {
    rendered = window.location.search;
    rerender();
  };
  return { parameters: () => result.current, follow };
}
const wait = (ms: number) => act(() => vi.advanceTimersByTime(ms));
const address = () => window.location.pathname + window.location.search;

it("reads the address, and overlooks what it cannot use", () => {
  expect(open("?search=a&status=ERROR&page=3").parameters().applied).toEqual({ search: "a", status: "ERROR", page: 3 });
  expect(open("?status=FINE&page=-1").parameters().applied).toEqual({ search: "", status: "", page: 1 });
});

it("searches when the typing stops, from the first page", () => {
  const { parameters } = open("?status=ERROR&page=2");
  act(() => parameters().typeSearch("fr"));
  wait(SEARCH_DELAY_MS - 1);
  act(() => parameters().typeSearch("front "));
  wait(SEARCH_DELAY_MS - 1);
  expect(address()).toBe("/instances/?status=ERROR&page=2");
  wait(1);
  expect(address()).toBe("/instances/?search=front&status=ERROR");
  expect(parameters().typedSearch).toBe("front ");
});

it("loses nothing that is chosen while a search waits", () => {
  const { parameters } = open("");
  act(() => parameters().typeSearch("front"));
  act(() => parameters().apply({ status: "CONNECTED", page: 1 }));
  wait(SEARCH_DELAY_MS);
  expect(address()).toBe("/instances/?search=front&status=CONNECTED");
});

it("stays clear once it was cleared", () => {
  const { parameters, follow } = open("?search=front&status=ERROR");
  act(() => parameters().typeSearch("desk"));
  act(() => parameters().clear());
  wait(2 * SEARCH_DELAY_MS);
  follow();
  expect(address()).toBe("/instances/");
  expect(parameters().typedSearch).toBe("");
});

it("takes the search of an address that somebody followed, but not from under the fingers", () => {
  const { parameters, follow } = open("?search=front");
  window.history.replaceState(null, "", "/instances/");
  follow();
  expect(parameters().typedSearch).toBe("");
  act(() => parameters().typeSearch("de"));
  window.history.replaceState(null, "", "/instances/?search=d");
  follow();
  expect(parameters().typedSearch).toBe("de");
});
