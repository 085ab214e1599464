// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { fieldName, lowered, pointerWords, withoutName } from "./fieldnames";

test("a field is called as its channel calls it, else as it stands in the API, readable", () => {
  expect(fieldName("body")).toBe("Body");
  expect(fieldName("body", "body", "whatsapp")).toBe("Template");
  expect(fieldName("utm_source")).toBe("utm source");
  expect(fieldName("deeper", "some/deeper")).toBe("some deeper");
});

test.each([
  ["/name", "Name"],
  ["/action/body", "Body"],
  ["/ids/2", "Ids 3"],
  ["/odd_one", "Odd one"],
])("a pointer in words: %s", (pointer, words) => {
  expect(pointerWords(pointer)).toBe(words);
});

test("inside a sentence abbreviations stay", () => {
  expect([lowered("Plain text"), lowered("URL")]).toEqual(["plain text", "URL"]);
});

test.each([
  ["url can not be blank", "url", "can not be blank"],
  ["url can not be blank", "actions/12/url", "can not be blank"],
  ["goal.event: can not be blank", "/goal/event", "can not be blank"],
  ["headers.X-A: is not one", "headers/X-A", "is not one"],
  ["urls are many", "url", "urls are many"],
  ["is required", "/name", "is required"],
  ["something", "", "something"],
])("%s at %s: %s", (message, field, left) => {
  expect(withoutName(message, field)).toBe(left);
});
