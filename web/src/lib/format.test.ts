// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { bytes, duration, people, percent, relative } from "./format";

test("one is a person, others are people", () => {
  expect(people(1)).toBe("1 person");
  expect(people(0)).toBe("0 people");
});

test("a share of nothing is a dash", () => {
  expect(percent(0, 0)).toBe("–");
});

test("times are told in the largest unit that fits", () => {
  const now = 1_796_040_000_000;
  expect(relative(now - 3 * 60_000, now)).toBe("3 minutes ago");
  expect(relative(now - 26 * 3_600_000, now)).toBe("yesterday");
  expect(relative(now - 2_000, now)).toBe("just now");
});

test("durations and sizes are short", () => {
  expect(duration(7_500)).toBe("2 h 5 min");
  expect(duration(65)).toBe("1 min 5 s");
  expect(duration(0.4)).toBe("0 s");
  expect(bytes(1_234_567)).toBe("1.2 MB");
  expect(bytes(12)).toBe("12 bytes");
});
