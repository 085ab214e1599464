// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { chosen, merge } from "./merging";

const BASE = { subject: "a", body: "b", cc: "" };

test("what only one side changed is taken from it", () => {
  const merged = merge(BASE, { ...BASE, subject: "mine" }, { ...BASE, body: "theirs" }, true);
  expect(merged).toEqual({
    value: { subject: "mine", body: "theirs", cc: "" },
    clashes: [],
    theirs: ["body"],
  });
});

test("what both changed is asked, and the same change is none", () => {
  const merged = merge(BASE, { ...BASE, subject: "x", cc: "c" }, { ...BASE, subject: "y", cc: "c" }, true);
  expect(merged.clashes).toEqual([{ name: "subject", mine: "x", theirs: "y" }]);
  expect(chosen(merged, {}).subject).toBe("x");
  expect(chosen(merged, { subject: "theirs" })).toEqual({ subject: "y", body: "b", cc: "c" });
});

test("without what both began with every difference is asked", () => {
  const merged = merge(undefined, { ...BASE, subject: "x" }, { ...BASE, body: "y" }, true);
  expect(merged.clashes.map((one) => one.name)).toEqual(["subject", "body"]);
});

test("a thing that is one field is taken as a whole", () => {
  const filter: object = { segment: { id: 1 } };
  expect(merge({}, filter, {}, false)).toEqual({ value: filter, clashes: [], theirs: [] });
  expect(merge({}, {}, filter, false)).toEqual({ value: filter, clashes: [], theirs: [""] });
  const both = merge<object>({}, { and: [] }, filter, false);
  expect(both.clashes).toEqual([{ name: "", mine: { and: [] }, theirs: filter }]);
  expect(chosen(both, { "": "theirs" })).toEqual(filter);
  expect(chosen(both, { "": "mine" })).toEqual({ and: [] });
});

test("a field that one side lacks", () => {
  const merged = merge<Record<string, number>>({ a: 1 }, { a: 1, mine: 2 }, { a: 1, theirs: 3 }, true);
  expect(merged.value).toEqual({ a: 1, mine: 2, theirs: 3 });
});
