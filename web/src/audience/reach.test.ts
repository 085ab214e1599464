// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { leftOutWords, willGetOf, willGetWords } from "./reach";

test("how many get one of the messages", () => {
  const counted = { people: 2_000, exact: true, will_get: 2_000, left_out: {}, messages: 2_001 };
  const actions = [{ id: 3, name: "A", will_get: 1, left_out: {} }];
  expect(willGetOf({ ...counted, actions }, 3)).toBe("1 person");
  expect(willGetOf({ ...counted, exact: false, actions }, 3)).toBe("about 1 person");
  expect(willGetOf({ ...counted, actions }, 4)).toBe("");
  expect(willGetOf(null, 3)).toBe("");
});

test("each reason has its number, and those of nobody are not told", () => {
  expect(
    leftOutWords({
      condition: 0,
      unsubscribed: 1204,
      no_address: 0,
      unsubscribed_topic: 3,
      message_limit: 7,
      esp_suppressed: 1,
    }),
  ).toEqual([
    "1,204 unsubscribed",
    "3 not subscribed to the topic",
    "7 over the message limit",
    "1 with a suppressed address",
  ]);
  expect(leftOutWords({})).toEqual([]);
});

test("how many get it is told where some do not", () => {
  expect(willGetWords({ people: 10, will_get: 10, exact: true })).toBe("");
  expect(willGetWords({ people: 1010, will_get: 1000, exact: true })).toBe("1,000 of them will get it");
  expect(willGetWords({ people: 10, will_get: 8, exact: false })).toBe("about 8 of them will get it");
});
