// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { alone, whose } from "./whose";

test("openings and clicks are told apart by whose they are", () => {
  const counts: Record<string, number> = {
    opened: 5,
    human_opened: 2,
    prefetch_opened: 4,
    clicked: 1,
    human_clicked: 1,
  };
  expect(whose((metric) => counts[metric] ?? 0)).toEqual([
    { label: "Opened", all: 5, people: 2, machines: 4, alone: 3 },
    { label: "Clicked in", all: 1, people: 1, machines: 0, alone: 0 },
  ]);
});

test("counters that are read between two bookings never make fewer than none", () => {
  expect(alone(3, 4)).toBe(0);
});
