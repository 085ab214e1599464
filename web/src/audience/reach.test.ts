// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { isUneven, leftOutOfAll, leftOutWords, willGetOf, willGetWords } from "./reach";

test("how many get one of the messages", () => {
  const counted = { people: 2_000, exact: true, will_get: 2_000, left_out: {}, messages: 2_001 };
  const actions = [{ id: 3, name: "A", kind: "email", will_get: 1, left_out: {} }];
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

test("who cannot be reached is told in the words of the channel", () => {
  const out = { no_address: 2, invalid_address: 1 };
  expect(leftOutWords(out, "sms")).toEqual(["2 without a phone number", "1 with a phone that is no number"]);
  expect(leftOutWords({ no_address: 2 }, "push")).toEqual(["2 without a device for it"]);
  expect(leftOutWords(out)).toEqual(["2 without an address or device", "1 with an address that is none"]);
  const action = { id: 1, name: "A", kind: "email", will_get: 5, left_out: out };
  const of = (...kinds: string[]) => ({
    will_get: 5,
    left_out: { no_address: 1 },
    actions: kinds.map((kind, id) => ({ ...action, id, kind })),
  });
  expect(leftOutOfAll(of("slack", "slack"))).toEqual(["1 without a Slack account"]);
  expect(leftOutOfAll(of("slack", "email"))).toEqual(["1 without an address or device"]);
  expect(leftOutOfAll(of())).toEqual(["1 without an e-mail address"]);
  expect(isUneven(of("email", "push"))).toBe(false);
  expect(isUneven({ ...of("email", "push"), will_get: 6 })).toBe(true);
  expect(isUneven({ ...of("email"), will_get: 6 })).toBe(false);
});

test("how many get it is told where some do not", () => {
  expect(willGetWords({ people: 10, will_get: 10, exact: true })).toBe("");
  expect(willGetWords({ people: 1010, will_get: 1000, exact: true })).toBe("1,000 of them will get it");
  expect(willGetWords({ people: 10, will_get: 8, exact: false })).toBe("about 8 of them will get it");
});
