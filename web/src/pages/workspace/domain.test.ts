// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { adviceOf, leadingBy, type TrackingDomain } from "./domain";

const OWN: TrackingDomain = {
  url: "https://links.example.com",
  used: true,
  verified_at: 1,
  checked_at: 2,
  failure: null,
  cname: "clarion.example.com",
};
const base_url = "https://clarion.example.com";

describe("the domain of links", () => {
  it("says by which links lead here", () => {
    expect(leadingBy({ tracking_domain: null, base_url })).toBe("Links lead to https://clarion.example.com.");
    expect(leadingBy({ tracking_domain: OWN, base_url })).toBe("Links lead to https://links.example.com.");
    expect(leadingBy({ tracking_domain: { ...OWN, used: false }, base_url })).toBe(
      "Links lead to https://clarion.example.com until https://links.example.com leads here.",
    );
  });

  it("says what to do only where something is to do", () => {
    expect(adviceOf(null)).toBeNull();
    expect(adviceOf(OWN)).toBeNull();
    expect(adviceOf({ ...OWN, used: false })).toContain(
      "CNAME record of links.example.com at clarion.example.com",
    );
  });
});
