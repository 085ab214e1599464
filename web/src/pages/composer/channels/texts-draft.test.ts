// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { pickOf, TEXTS } from "./texts-draft";

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
