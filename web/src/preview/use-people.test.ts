// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { stepped } from "./use-people";

test("people are stepped through in a circle", () => {
  expect(stepped(0, 1, 3)).toBe(1);
  expect(stepped(2, 1, 3)).toBe(0);
  expect(stepped(0, -1, 3)).toBe(2);
  expect(stepped(0, 1, 0)).toBe(0);
});
