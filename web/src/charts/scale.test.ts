// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { labelled, nearest, niceTicks, placeOf, points, widths } from "./scale";

test.each([
  [9_000, [0, 5_000, 10_000]],
  [7, [0, 2, 4, 6, 8]],
  [1, [0, 1]],
  [2, [0, 1, 2]],
  [0, [0, 1]],
  [100, [0, 50, 100]],
  [12_480, [0, 5_000, 10_000, 15_000]],
])("ticks up to %i are round and whole", (max, ticks) => {
  expect(niceTicks(max)).toEqual(ticks);
});

test("ticks of shares need not be whole", () => {
  expect(niceTicks(0.37, 4, false)).toEqual([0, 0.1, 0.2, 0.3, 0.4]);
  for (const max of [3, 17, 99, 101, 4_567, 9_999_999]) {
    const ticks = niceTicks(max);
    expect(ticks.at(-1)).toBeGreaterThanOrEqual(max);
    expect(ticks.length).toBeLessThanOrEqual(6);
  }
});

test("points stand evenly, the largest at the top", () => {
  expect(points([0, 5, 10], 100, 50, 10)).toBe("0.0,50.0 50.0,25.0 100.0,0.0");
  expect(placeOf(0, 1, 100)).toBe(50);
  expect(nearest(49, 3, 100)).toBe(1);
  expect(nearest(-5, 3, 100)).toBe(0);
  expect(nearest(500, 3, 100)).toBe(2);
});

test("labels leave room for each other and end with the last", () => {
  expect(labelled(30, 300, 60)).toEqual([5, 11, 17, 23, 29]);
  expect(labelled(3, 1_000, 60)).toEqual([0, 1, 2]);
});

test("small parts can be seen and the whole is not exceeded", () => {
  const found = widths([1, 999_999], 1_000_000, 300);
  expect(found[0]).toBeCloseTo(3, 1);
  expect((found[0] ?? 0) + (found[1] ?? 0)).toBeLessThanOrEqual(300.001);
  expect(widths([0, 0], 0, 300)).toEqual([0, 0]);
  expect(widths([50, 0], 100, 200)).toEqual([100, 0]);
});
