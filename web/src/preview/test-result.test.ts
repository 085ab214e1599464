// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { endingOf, meaningOf, type TestResult } from "./test-result";

const TAKEN: TestResult = {
  account: "ses",
  address: "ann@x.test",
  sent: true,
  ending: "taken",
  status: 200,
  words: "200 OK",
  reason: null,
  advice: null,
};

describe("a test", () => {
  it("is told in plain words", () => {
    expect(endingOf(TAKEN)).toEqual({ words: "taken", tone: "good" });
    expect(meaningOf(TAKEN)).toContain("ses has taken it for ann@x.test");
    const away: TestResult = { ...TAKEN, sent: false, ending: "away", advice: "Look at its credentials." };
    expect(endingOf(away).tone).toBe("bad");
    expect(meaningOf(away)).toBe("Look at its credentials.");
  });
});
