// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import type { Send } from "../trigger/types";
import { compared } from "./compare";

const SEND = {
  id: 7,
  numbers: { sent: 200, failed: 50 },
  heard: {
    opened: 50,
    human_opened: 20,
    clicked: 0,
    human_clicked: 0,
    converted: 0,
    delivered: 0,
    bounced: 0,
    unsubscribed: 0,
  },
} as Send;

test("shares are of what was delivered where that is told, else of what was sent; failures of what was tried", () => {
  expect(compared(SEND, "opened")).toEqual({ value: 0.25, note: "50 of 200" });
  expect(compared(SEND, "human_opened")).toEqual({ value: 0.1, note: "20 of 200" });
  expect(compared(SEND, "failed")).toEqual({ value: 0.2, note: "50 of 250" });
  expect(compared(SEND, "sent")).toEqual({ value: 200, note: "" });
  const told = { ...SEND, heard: { ...SEND.heard, delivered: 160, bounced: 20 } };
  expect(compared(told, "opened")).toEqual({ value: 50 / 160, note: "50 of 160 delivered" });
  expect(compared(told, "bounced")).toEqual({ value: 0.1, note: "20 of 200" });
  const nothing = { ...SEND, numbers: { ...SEND.numbers, sent: 0, failed: 0 } };
  expect(compared(nothing, "opened").value).toBe(0);
});
