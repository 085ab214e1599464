// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { leftOutWords, willGetWords } from "./reach";

test("each reason has its number, and those of nobody are not told", () => {
  expect(
    leftOutWords({
      condition: 0,
      unsubscribed: 1204,
      no_address: 0,
      unsubscribed_topic: 3,
      esp_suppressed: 1,
    }),
  ).toEqual(["1,204 unsubscribed", "3 not subscribed to the topic", "1 with a suppressed address"]);
  expect(leftOutWords({})).toEqual([]);
});

test("how many get it is told where some do not", () => {
  expect(willGetWords({ people: 10, will_get: 10, exact: true })).toBe("");
  expect(willGetWords({ people: 1010, will_get: 1000, exact: true })).toBe("1,000 of them will get it");
  expect(willGetWords({ people: 10, will_get: 8, exact: false })).toBe("about 8 of them will get it");
});
