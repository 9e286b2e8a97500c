import { expect, it } from "vitest";
import { passkeySnippet, readAssertion } from "./passkey-snippet";
import { problemOf } from "./phone-step";

it("is code that parses, with the options as they are", () => {
  const options = { rpId: "whatsapp.com", challenge: 'a"b\\', nested: { list: [1, null] } };
  const code = passkeySnippet(options);
  expect(() => new Function(code)).not.toThrow();
  expect(code).toContain(JSON.stringify(options));
});

it.each([
  ['{"id":"x"}', '{"id":"x"}'],
  ['  {"id": "x"}\n', '{"id":"x"}'],
  [`'{"id":"x"}'`, '{"id":"x"}'],
  [JSON.stringify('{"id":"x"}'), '{"id":"x"}'],
  ["undefined", undefined],
  ["[1]", undefined],
  ["'", undefined],
  ["", undefined],
])("reads what a console printed: %j", (pasted, expected) => {
  expect(readAssertion(pasted)).toBe(expected);
});

it.each([
  ["+49 (170) 123-4567", undefined],
  ["491701234567", undefined],
  ["0170 1234567", "country code"],
  ["12345", "7 to 15"],
  ["49170abc4567", "Digits only"],
])("knows a phone number: %s", (phone, problem) => {
  if (problem) expect(problemOf(phone)).toContain(problem);
  else expect(problemOf(phone)).toBeUndefined();
});
