// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { follow, stepped } from "./listkeys";

test("steps go round, and enter from either end", () => {
  expect(stepped(-1, 1, 3)).toBe(0);
  expect(stepped(-1, -1, 3)).toBe(2);
  expect(stepped(2, 1, 3)).toBe(0);
  expect(stepped(0, -1, 3)).toBe(2);
});

test("keys pressed before the list is there lead to the same option as after", () => {
  expect(follow([], 3)).toEqual({ at: -1, chosen: false });
  expect(follow(["ArrowDown", "ArrowDown"], 3)).toEqual({ at: 1, chosen: false });
  expect(follow(["ArrowUp"], 3)).toEqual({ at: 2, chosen: false });
  expect(follow(["ArrowDown", "Enter"], 3)).toEqual({ at: 0, chosen: true });
});

test("nothing is chosen of an empty list", () => {
  expect(follow(["ArrowDown", "Enter"], 0)).toEqual({ at: -1, chosen: false });
});
