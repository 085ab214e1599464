// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { shares, stepLabels, sum, whose } from "./steps";

const THURSDAY = Date.UTC(2026, 10, 26, 3); // 22:00 on Wednesday in the east

test("days begin where the server's do", () => {
  expect(stepLabels("days", 3, THURSDAY, "en-GB")).toEqual(["23 Nov", "24 Nov", "25 Nov"]);
  expect(stepLabels("days", 1, THURSDAY + 3 * 3_600_000, "en-GB")).toEqual(["26 Nov"]);
});

test("weeks begin on Sunday, months on the first", () => {
  expect(stepLabels("weeks", 2, THURSDAY, "en-GB")).toEqual(["15 Nov", "22 Nov"]);
  expect(stepLabels("months", 3, THURSDAY, "en-GB")).toEqual(["Sept 26", "Oct 26", "Nov 26"]);
  expect(stepLabels("hours", 24, THURSDAY, "en-GB")).toHaveLength(24);
});

test("shares of nothing are none", () => {
  expect(shares([1, 5], [2, 0])).toEqual([0.5, 0]);
  expect(sum([1, 2, 3])).toBe(6);
  expect(sum(undefined)).toBe(0);
});

test("openings and clicks are told apart by whose they are", () => {
  const series = {
    opened: [2, 3],
    human_opened: [1, 1],
    prefetch_opened: [2, 2],
    clicked: [1, 0],
    human_clicked: [1, 0],
  };
  expect(whose(series)).toEqual([
    { label: "Opened", all: 5, people: 2, machines: 4 },
    { label: "Clicked in", all: 1, people: 1, machines: 0 },
  ]);
});
