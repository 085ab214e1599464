// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { countedHint, forServer, goalWords, NEW_GOAL } from "./goal";

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
  expect(goalWords({ ...goal, property_value: "" }, new Map())).toContain(
    "performs purchase with any plan within",
  );
  expect(goalWords({ ...enters, window_days: null, counted_from: "opened" }, new Map([[7, "C"]]))).toBe(
    "somebody enters C any time after it was opened",
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

test("what the window waits for is said", () => {
  expect(countedHint(NEW_GOAL)).toMatch(/settings say so\.$/);
  expect(countedHint({ ...NEW_GOAL, counted_from: "opened" })).toContain("by a person");
});
