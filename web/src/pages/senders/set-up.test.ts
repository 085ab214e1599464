// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { type Carrier, carriedBy, isWhole } from "./set-up";

const SES: Carrier = { account: "ses", provider: "ses", captures: false, records: [], warnings: [] };

describe("who carries a sender's mail", () => {
  it("is told in a sentence", () => {
    expect(carriedBy([])).toContain("nothing is sent");
    expect(carriedBy([{ ...SES, captures: true }])).toContain("captured");
    expect(carriedBy([SES])).toBe("Its mail goes by the account ses.");
    const more = [SES, { ...SES, account: "eu" }, { ...SES, account: "relay" }];
    expect(carriedBy(more)).toContain("while that takes none, by eu, then relay.");
  });
});

describe("a record", () => {
  it("is copied where nothing is missing", () => {
    const record = { purpose: "SPF", type: "TXT", name: "x", note: "", value: "v=spf1 a:<mail server> ~all" };
    expect(isWhole(record)).toBe(false);
    expect(isWhole({ ...record, value: null })).toBe(false);
    expect(isWhole({ ...record, value: "v=spf1 ~all" })).toBe(true);
  });
});
