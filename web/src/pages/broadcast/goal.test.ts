// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { forServer, goalWords, NEW_GOAL } from "./goal";

test("a goal is read back as a sentence", () => {
  const goal = {
    ...NEW_GOAL,
    event: "purchase",
    property_name: "plan",
    property_value: "pro",
    window_days: 1,
  };
  expect(goalWords(goal, new Map())).toBe(
    "somebody performs purchase with plan “pro” within a day after it was sent",
  );
  const enters = { ...NEW_GOAL, kind: "enters_segment" as const, segment_id: 7 };
  expect(goalWords(enters, new Map([[7, "Customers"]]))).toBe(
    "somebody enters Customers within 7 days after it was sent",
  );
  expect(goalWords(null, new Map())).toBe("none");
});

test("the server gets only what the kind has", () => {
  expect(forServer({ ...NEW_GOAL, kind: "leaves_segment", segment_id: 3, event: "left over" })).toEqual({
    kind: "leaves_segment",
    segment_id: 3,
    window_days: 7,
    counted_from: "sent",
  });
});
