// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { type Line, sides } from "./lines";

const shown = (lines: Line[]) =>
  lines.map((one) => (one.skipped ? `…${one.skipped}` : `${one.changed ? "*" : " "}${one.text}`));

test("lines that only one side has are marked", () => {
  const found = sides("a\nb\nc", "a\nB\nc\nd");
  expect(shown(found.left)).toEqual([" a", "*b", " c"]);
  expect(shown(found.right)).toEqual([" a", "*B", " c", "*d"]);
});

test("what moved is kept once", () => {
  const found = sides("one\ntwo\nthree", "two\nthree\none");
  expect(shown(found.left)).toEqual(["*one", " two", " three"]);
  expect(shown(found.right)).toEqual([" two", " three", "*one"]);
});

test("what stands far from a change is folded", () => {
  const many = Array.from({ length: 20 }, (_, no) => `line ${no}`);
  const changed = [...many];
  changed[10] = "other";
  expect(shown(sides(many.join("\n"), changed.join("\n")).right)).toEqual([
    "…8",
    " line 8",
    " line 9",
    "*other",
    " line 11",
    " line 12",
    "…7",
  ]);
});

test("nothing on one side", () => {
  expect(shown(sides("", "a\nb").left)).toEqual([]);
  expect(shown(sides("", "a\nb").right)).toEqual(["*a", "*b"]);
  expect(shown(sides("a", "a").left)).toEqual([" a"]);
});

test("very long texts are told as changed without being compared", () => {
  const long = (word: string) => Array.from({ length: 5_000 }, (_, no) => `${word} ${no % 7}`).join("\n");
  const found = sides(`${long("a")}\nsame\n${long("b")}`, `${long("c")}\nsame\n${long("d")}`);
  expect(found.left).toHaveLength(401);
  expect(found.left.slice(0, 400).every((one) => one.changed)).toBe(true);
  expect(found.left[400]).toEqual({ text: "", changed: false, skipped: 9_601 });
});
