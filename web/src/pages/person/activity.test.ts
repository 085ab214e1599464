// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { activityWords } from "./activity";

test("changes are told from and to, events by name and data", () => {
  const base = { id: "1", timestamp: 1, type: "attribute_change" };
  expect(
    activityWords({ ...base, data: { plan: { from: "free", to: "pro" }, city: { from: null, to: "Oslo" } } }),
  ).toBe("plan: free → pro, city: nothing → Oslo");
  expect(activityWords({ ...base, type: "event", name: "purchase", data: { total: 12 } })).toBe(
    "purchase, total: 12",
  );
  expect(activityWords({ ...base, data: null })).toBe("–");
});
