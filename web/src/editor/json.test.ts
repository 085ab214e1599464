// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { firstWrong, readData, readJson } from "./json";

/** What is said, and the sign that it is said about. */
function said(text: string): [message: string, sign: string] {
  const { message, from } = firstWrong(text);
  return [message, [...text][from ?? -1] ?? "(end)"];
}

describe("what is wrong in typed JSON", () => {
  test.each([
    ['{"a": 1\n "b": 2}', "Line 2: A comma or } is missing before this.", '"'],
    ['{"a": 1,\n}', "Line 1: This comma is one too many: nothing follows it.", ","],
    ['{"a": [1, 2}', "Line 1: A comma or ] is missing before this.", "}"],
    ['{"a": "b}', 'Line 1: This text is not ended by ".', '"'],
    ['{"a": {"b": 1}', "Line 1: This is not ended by }.", "{"],
    ['{\n"a": 1,', "Line 1: This is not ended by }.", "{"],
    ['{"a": }', "Line 1: A value is missing here.", "}"],
    ['{"a" 1}', "Line 1: A colon is missing after the name.", "1"],
    ["{a: 1}", 'Line 1: A name stands between double quotes: "a".', "a"],
    ['{"a": free}', 'Line 1: A text stands between double quotes: "free".', "f"],
    ['{"a": 01}', 'Line 1: A text stands between double quotes: "01".', "0"],
    ['{"a": “b”}', 'Line 1: Texts stand between straight double quotes: "…".', "“"],
    ['{"a": "C:\\dir"}', "Line 1: A backslash is written twice: \\\\.", "\\"],
    ['{"a": "b\tc"}', "Line 1: A tab stands as \\t in a text.", "\t"],
    ['{"🎉": 1 2}', "Line 1: A comma or } is missing before this.", "2"],
    ["{} x", "Line 1: Nothing may follow here.", "x"],
    ["", "Line 1: A value is missing here.", "(end)"],
  ])("%s", (text, message, sign) => {
    expect(() => JSON.parse(text)).toThrow();
    expect(said(text)).toEqual([message, sign]);
  });
  test("what is right is read", () => {
    const text = ' {"a": [1, -2.5e3, true, null, "\\u00e9\\n\\"", {}, []], "b": {"c": false}} ';
    expect(readJson(text)).toEqual({ value: JSON.parse(text) });
    expect(firstWrong(text).message).toBe("Line 1: This is not JSON."); // it finds nothing
  });
});

test("data is an object, or nothing", () => {
  expect(readData(" ")).toEqual({ data: {} });
  expect(readData('{"a": 1}')).toEqual({ data: { a: 1 } });
  expect(readData("[1]")).toMatchObject({
    fault: { from: null, message: expect.stringContaining("object") },
  });
  expect(readData("{")).toMatchObject({ fault: { from: 0 } });
});
