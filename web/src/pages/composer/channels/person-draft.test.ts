// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { moveWords, ofPerson } from "./person-draft";

it("keeps how an action is set and its texts", () => {
  const stored = { id: 1, kind: "create_event", name: "N", send_to_unsubscribed: true, event_name: "e" };
  expect(ofPerson(["event_name", "event_data"])(stored)).toEqual({ name: "N", event_name: "e" });
});

describe("a move in words", () => {
  const names = new Map([["3", "Offered"]]);
  it.each([
    [{ segment_id: "3", change: "add" }, "This person is put into Offered."],
    [{ segment_id: " 3 ", change: "remove" }, "This person is taken out of Offered."],
    [{ segment_id: "4", change: "add" }, "This person is put into segment 4."],
    [{ segment_id: " " }, "No segment is chosen yet."],
    [{}, "No segment is chosen yet."],
  ])("%j", (draft, words) => {
    expect(moveWords(draft, names)).toBe(words);
  });
});
