// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { backTo, type DomainLimit, domainPath, limitWords, sourceOf } from "./domains";

const GIVEN: DomainLimit = { domain: "gmail.com", per_second: 100, changed: false, settings: 100 };

describe("a domain's limit", () => {
  it("is told in words, with who says so", () => {
    expect(limitWords(2.5)).toBe("2.5 a second");
    expect(limitWords(0)).toBe("none");
    expect(sourceOf(GIVEN)).toBe("By the settings.");
    expect(sourceOf({ ...GIVEN, per_second: 5, changed: true })).toBe(
      "Set here; the settings say 100 a second.",
    );
    expect(sourceOf({ ...GIVEN, changed: true, settings: null })).toBe("Set here.");
    expect(backTo(GIVEN)).toBe("As the settings say");
    expect(backTo({ ...GIVEN, settings: null })).toBe("Remove the limit");
  });

  it("has a path, whatever is typed", () => {
    expect(domainPath(" gmail.com ")).toMatch(/\/providers\/domains\/gmail\.com$/);
    expect(domainPath("a/b?")).toMatch(/\/domains\/a%2Fb%3F$/);
    expect(domainPath("")).toMatch(/\/domains\/%20$/);
  });
});
