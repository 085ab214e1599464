// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { indexOf, lineStart, rangeOf } from "./offsets";

const of = (from: number | null, to: number | null = null) => ({
  message: "",
  severity: "error" as const,
  from,
  to,
});

describe("places in a text", () => {
  test("characters outside the basic plane count as two", () => {
    expect(indexOf("a🎉b", 2)).toBe(3);
    expect(indexOf("ab", 7)).toBe(2);
    expect(rangeOf("🎉 {{ x }}", of(2, 9))).toEqual({ from: 3, to: 10 });
  });
  test("a range holds at least a character, also at the end", () => {
    expect(rangeOf("abc", of(3, 3))).toEqual({ from: 2, to: 3 });
    expect(rangeOf("abc", of(1))).toEqual({ from: 1, to: 2 });
    expect(rangeOf("", of(0, 1))).toBeNull();
    expect(rangeOf("abc", of(null))).toBeNull();
  });
  test("lines begin after line ends", () => {
    expect(lineStart("a\nbc\nd", 1)).toBe(0);
    expect(lineStart("a\nbc\nd", 3)).toBe(5);
    expect(lineStart("a\nbc\nd", 9)).toBe(5);
  });
});
