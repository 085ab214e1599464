// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { pickOf, segmentsOf, TEXTS } from "./texts-draft";

describe("what an SMS costs", () => {
  it.each([
    ["", 0, 0, "GSM-7"],
    ["Hi é £", 1, 6, "GSM-7"],
    ["a".repeat(160), 1, 160, "GSM-7"],
    ["a".repeat(161), 2, 161, "GSM-7"],
    ["a".repeat(307), 3, 307, "GSM-7"],
    ["€".repeat(80), 1, 160, "GSM-7"],
    ["€".repeat(81), 2, 162, "GSM-7"],
    ["ж".repeat(70), 1, 70, "UCS-2"],
    ["ж".repeat(71), 2, 71, "UCS-2"],
    ["🚍".repeat(35), 1, 70, "UCS-2"],
    ["🚍".repeat(36), 2, 72, "UCS-2"],
  ])("%s", (text, count, length, encoding) => {
    expect(segmentsOf(text)).toEqual({ count, length, encoding });
  });
});

describe("what is edited of an action", () => {
  const stored = {
    id: 1,
    kind: "sms",
    name: "N",
    sending_state: "automatic",
    tracked: true,
    body: "Hi",
    from: "",
  };
  const sms = TEXTS.sms;
  if (!sms) throw new Error("there is no SMS");

  it("is its settings and its texts", () => {
    expect(pickOf(sms, stored, "")).toEqual({
      name: "N",
      sending_state: "automatic",
      tracked: true,
      body: "Hi",
      from: "",
    });
  });

  it("is its texts alone in another language", () => {
    expect(pickOf(sms, stored, "de")).toEqual({ tracked: true, body: "Hi", from: "" });
  });
});
