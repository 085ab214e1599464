// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { curl, node, pythonLiteral, shellQuoted } from "./samples";

test("a quote inside does not end the shell's", () => {
  expect(shellQuoted("it's")).toBe("'it'\\''s'");
  expect(curl("https://c.example", 7, { data: { a: "it's" } })).toContain("/v1/campaigns/7/triggers");
});

test("JSON becomes what Python reads", () => {
  expect(pythonLiteral({ a: true, b: null, c: [], d: ["x"] })).toBe(
    '{\n    "a": True,\n    "b": None,\n    "c": [],\n    "d": [\n        "x",\n    ],\n}',
  );
});

test("Node's client takes recipients apart from the data", () => {
  expect(node("https://c.example", 7, { data: { a: 1 } })).toContain("triggerBroadcast(7, data);");
  const with_ = node("https://c.example", 7, { data: {}, recipients: { segment: { id: 1 } } });
  expect(with_).toContain('"segment"');
});
