// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { happened, sent, type Version } from "./words";

const ONE: Version = {
  version: 7,
  current: false,
  reason: "edited",
  changed_by: "ada",
  begun_at: 1,
  saved_at: 2,
  restored_from: null,
  triggers: 0,
  last_trigger_id: null,
  changed: [],
};

test("what happened, and by whom", () => {
  expect(happened(ONE)).toBe("Edited by ada");
  expect(happened({ ...ONE, changed_by: null, reason: "found" })).toBe("As it was");
  expect(happened({ ...ONE, reason: "restored", restored_from: 4 })).toBe("Gone back to version 4 by ada");
});

test("which triggers sent it", () => {
  expect(sent(ONE)).toBeNull();
  expect(sent({ ...ONE, triggers: 1, last_trigger_id: 12 })).toBe("sent by trigger 12");
  expect(sent({ ...ONE, triggers: 3, last_trigger_id: 12 })).toBe("sent by 3 triggers, the last 12");
});
