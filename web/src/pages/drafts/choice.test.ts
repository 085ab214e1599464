// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { next, parentsOf, parentWords } from "./choice";

const all = [{ id: "a" }, { id: "b" }, { id: "c" }];

test("the next and the one before, and nothing behind the ends", () => {
  expect(next(all, "a", 1)?.id).toBe("b");
  expect(next(all, "b", -1)?.id).toBe("a");
  expect(next(all, "c", 1)).toBeUndefined();
  expect(next(all, "a", -1)).toBeUndefined();
  expect(next(all, null, 1)?.id).toBe("a");
});

const of = (id: number, trigger_id: number) => ({ broadcast: { id, name: `No. ${id}` }, trigger_id });

test("drafts can be narrowed to a broadcast or a trigger of those that are seen", () => {
  expect(parentsOf([of(7, 1), of(7, 2), of(7, 2)], "")).toEqual([
    ["", "All broadcasts"],
    ["broadcast 7", "No. 7"],
    ["trigger 1", "No. 7, trigger 1"],
    ["trigger 2", "No. 7, trigger 2"],
  ]);
  expect(parentsOf([], "trigger 9")).toEqual([
    ["", "All broadcasts"],
    ["trigger 9", "Trigger 9"],
  ]);
  expect(parentWords([of(7, 1)], "broadcast 7")).toBe("No. 7");
  expect(parentWords([], "broadcast 8")).toBe("broadcast 8");
});
