// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { allows } from "./session";

test("editing is apart from sending, an owner may all", () => {
  expect(allows(["editor"], "edit")).toBe(true);
  expect(allows(["editor"], "send")).toBe(false);
  expect(allows(["sender"], "edit")).toBe(false);
  expect(allows(["editor", "sender"], "send")).toBe(true);
  expect(allows(["owner"], "own")).toBe(true);
  expect(allows(["reader"], "edit")).toBe(false);
});
