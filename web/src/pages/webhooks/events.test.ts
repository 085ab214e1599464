// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { bounds, EVENTS, timeOf, toggled } from "./events";

test("ticking keeps the order, and what is not known here", () => {
  expect(toggled(["email_sent", "sms_sent"], "email_attempted", true)).toEqual([
    "email_attempted",
    "email_sent",
    "sms_sent",
  ]);
  expect(toggled(["email_sent", "email_opened"], "email_sent", false)).toEqual(["email_opened"]);
  expect(toggled(["email_sent"], "email_sent", true)).toEqual(["email_sent"]);
  expect(toggled(["pigeon_sent", "sms_replied"], "email_sent", true)).toEqual([
    "email_sent",
    "sms_replied",
    "pigeon_sent",
  ]);
});

test("each event has a name of its own, for the API and for people", () => {
  for (const no of [0, 1] as const) expect(new Set(EVENTS.map((one) => one[no])).size).toBe(EVENTS.length);
});

test("an event's id tells when it happened", () => {
  expect(timeOf("01ARZ3NDEKTSV4RRFFQ69G5FAV")).toBe(1_469_922_850_259);
  expect(timeOf("01ARZ3NDEK")).toBeNull();
  expect(timeOf("U1ARZ3NDEKTSV4RRFFQ69G5FAV")).toBeNull();
});

test("a replay ends with the end of its last day", () => {
  const found = bounds("2026-11-01", "2026-11-01");
  expect((found.to ?? 0) - (found.from ?? 0)).toBe(86_399);
  expect(bounds("", "")).toEqual({});
});
