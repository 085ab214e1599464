// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { shares, stepLabels, sum } from "./steps";

const THURSDAY = Date.UTC(2026, 10, 26, 3); // 22:00 on Wednesday in the east of America, 08:30 in Kolkata
const EAST = "Etc/GMT+5";

test("days begin where one is: the last one is today's", () => {
  expect(stepLabels("days", 3, THURSDAY, EAST, "en-GB")).toEqual(["23 Nov", "24 Nov", "25 Nov"]);
  expect(stepLabels("days", 1, THURSDAY + 3 * 3_600_000, EAST, "en-GB")).toEqual(["26 Nov"]);
  expect(stepLabels("days", 2, THURSDAY, "Europe/Berlin", "en-GB")).toEqual(["25 Nov", "26 Nov"]);
  expect(stepLabels("days", 1, THURSDAY, "Pacific/Kiritimati", "en-GB")).toEqual(["26 Nov"]);
});

test("days are counted where clocks change", () => {
  const monday = Date.UTC(2026, 9, 26, 0); // 01:00 in Berlin, which has had a day of 25 hours
  expect(stepLabels("days", 3, monday, "Europe/Berlin", "en-GB")).toEqual(["24 Oct", "25 Oct", "26 Oct"]);
});

test("a day begins with a whole hour, where a zone's midnight lies between two", () => {
  const midnight = Date.UTC(2026, 10, 25, 18, 30); // of 26 November in Kolkata
  expect(stepLabels("days", 1, midnight + 60_000, "Asia/Kolkata", "en-GB")).toEqual(["25 Nov"]);
  expect(stepLabels("days", 1, midnight + 1_800_000, "Asia/Kolkata", "en-GB")).toEqual(["26 Nov"]);
});

test("weeks begin on Sunday, months on the first, hours are those of the zone", () => {
  expect(stepLabels("weeks", 2, THURSDAY, EAST, "en-GB")).toEqual(["15 Nov", "22 Nov"]);
  expect(stepLabels("months", 3, THURSDAY, EAST, "en-GB")).toEqual(["Sept 26", "Oct 26", "Nov 26"]);
  expect(stepLabels("hours", 2, THURSDAY, "Europe/Berlin", "en-GB")).toEqual(["03:00", "04:00"]);
});

test("shares of nothing are none", () => {
  expect(shares([1, 5], [2, 0])).toEqual([0.5, 0]);
  expect(sum([1, 2, 3])).toBe(6);
  expect(sum(undefined)).toBe(0);
});
