// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { changeBody, fieldText, jsonOf, retyped, TYPES, typeWords } from "./attribute-values";

test("a value has the type that was chosen", () => {
  expect(jsonOf("43", "text")).toEqual({ json: '"43"' });
  expect(jsonOf(" 43 ", "number")).toEqual({ json: "43" });
  expect(jsonOf("true", "text")).toEqual({ json: '"true"' });
  expect(jsonOf("true", "boolean")).toEqual({ json: "true" });
  expect(jsonOf('[1, {"a": null}]', "json")).toEqual({ json: '[1, {"a": null}]' });
  expect(jsonOf("whatever", "nothing")).toEqual({ json: "null" });
});

test("numbers keep digits that JavaScript would lose", () => {
  expect(jsonOf("12345678901234567890", "number")).toEqual({ json: "12345678901234567890" });
  expect(fieldText({ type: "number", json: "12345678901234567890", text: "x" })).toBe("12345678901234567890");
  expect(changeBody('a"b', "12345678901234567890")).toBe('{"attributes":{"a\\"b":12345678901234567890}}');
});

test("what does not fit the type is told", () => {
  for (const text of ["", "1,5", "01", "0x10", "NaN", "1e", "+1"])
    expect(jsonOf(text, "number")).toHaveProperty("fault");
  expect(jsonOf("", "text")).toHaveProperty("fault");
  for (const text of ["", "{", "7", '"a"', "null"]) expect(jsonOf(text, "json")).toHaveProperty("fault");
});

test("choosing another type keeps what can be kept", () => {
  expect(retyped("43", "number")).toBe("43");
  expect(retyped("Oslo", "number")).toBe("");
  expect(retyped("TRUE", "boolean")).toBe("true");
  expect(retyped("Oslo", "boolean")).toBe("false");
  expect(retyped("Oslo", "nothing")).toBe("");
  expect(retyped("[1]", "json")).toBe("[1]");
});

test("JSON is laid out to be edited, and each type has words", () => {
  expect(fieldText({ type: "json", json: "[1]", text: "[1]" })).toBe("[\n  1\n]");
  expect(fieldText({ type: "json", json: "[12345678901234567890]", text: "" })).toBe(
    "[12345678901234567890]",
  );
  expect(fieldText({ type: "text", json: '"a"', text: "a" })).toBe("a");
  for (const [type, words] of TYPES) expect(typeWords(type)).toBe(words);
});
