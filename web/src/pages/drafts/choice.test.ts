// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { next } from "./choice";

const all = [{ id: "a" }, { id: "b" }, { id: "c" }];

test("the next and the one before, and nothing behind the ends", () => {
  expect(next(all, "a", 1)?.id).toBe("b");
  expect(next(all, "b", -1)?.id).toBe("a");
  expect(next(all, "c", 1)).toBeUndefined();
  expect(next(all, "a", -1)).toBeUndefined();
  expect(next(all, null, 1)?.id).toBe("a");
});
