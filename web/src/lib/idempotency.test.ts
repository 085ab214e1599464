// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { newKey } from "./idempotency";

test("each key is another, of 128 bits", () => {
  const keys = Array.from({ length: 50 }, newKey);
  expect(new Set(keys).size).toBe(50);
  expect(keys.every((key) => /^[0-9a-f]{32}$/.test(key))).toBe(true);
});
