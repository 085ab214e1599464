// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { percent } from "../../lib/format";
import { NEW_GOAL } from "../broadcast/goal";
import {
  type ActionNumbers,
  convertedWords,
  copiesWords,
  heardWords,
  machineWords,
  totalsOf,
} from "./by-action";

const MAIL: ActionNumbers = {
  id: 1,
  name: "News",
  kind: "email",
  metrics: {
    sent: 200,
    delivered: 100,
    opened: 60,
    human_opened: 50,
    clicked: 5,
    human_clicked: 5,
    bounced: 4,
  },
  tells: ["delivered", "opened", "clicked", "bounced"],
  reasons: {},
  copies: null,
};

test("copies are told with those that were not sent, or not for certain", () => {
  const of = (copies: ActionNumbers["copies"]) => copiesWords({ ...MAIL, copies });
  expect(of(null)).toBe("");
  expect(of({ sent: 3, not_sent: 0, unknown: 0, last_reason: null })).toBe("3 sent");
  expect(of({ sent: 0, not_sent: 2, unknown: 1, last_reason: "eof" })).toBe(
    "0 sent, 2 not sent, 1 perhaps sent",
  );
});

test("what people did is a share of what was delivered, what became of sending one of what was sent", () => {
  expect(heardWords(MAIL, "human_opened")).toBe(`50 · ${percent(1, 2)}`);
  expect(heardWords(MAIL, "delivered")).toBe(`100 · ${percent(1, 2)}`);
  expect(heardWords(MAIL, "bounced")).toBe(`4 · ${percent(2, 100)}`);
  const untold = { ...MAIL, metrics: { ...MAIL.metrics, delivered: 10 } };
  expect(heardWords(untold, "human_opened")).toBe(`50 · ${percent(1, 4)}`);
});

test("what a channel cannot tell is no 0", () => {
  const mute = { ...MAIL, tells: ["clicked"] };
  expect(heardWords({ ...mute, metrics: { sent: 200 } }, "human_opened")).toBe("–");
  expect(heardWords(mute, "human_opened")).toMatch(/^50/);
  expect(heardWords({ ...MAIL, metrics: { sent: 3 } }, "delivered")).toBe("not told");
  expect(heardWords({ ...MAIL, metrics: {} }, "delivered")).toBe("0");
  expect(heardWords({ ...MAIL, metrics: {} }, "human_clicked")).toBe("0");
});

test("all of a trigger is the sum of its actions", () => {
  expect(totalsOf([MAIL, { ...MAIL, metrics: { sent: 1, converted: 2 } }])).toMatchObject({
    sent: 201,
    converted: 2,
  });
  expect(totalsOf([])).toEqual({});
});

test("what counts as converted is told, and that nothing does", () => {
  expect(convertedWords(null, 0, new Map())).toContain("nothing of it counts");
  expect(convertedWords(null, 2, new Map())).toContain("told by API");
  const goal = { ...NEW_GOAL, event: "booked" };
  expect(convertedWords(goal, 0, new Map())).toContain(
    "somebody performs booked within 7 days after it was sent",
  );
});

test("machines are told where they did something alone", () => {
  expect(machineWords(MAIL, "opened")).toBe("and 10 by machines alone");
  expect(machineWords(MAIL, "clicked")).toBe("");
});
