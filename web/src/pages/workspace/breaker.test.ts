// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { breakerOf, formOf } from "./breaker";

test("what is stored is shown and sent back as it was", () => {
  const breaker = { after: 500, bounced: 5, spammed: 0.3, failed: null };
  expect(formOf(breaker)).toEqual({ after: "500", bounced: "5", spammed: "0.3", failed: "" });
  expect(breakerOf(formOf(breaker))).toEqual(breaker);
});

test("without a share there is none", () => {
  expect(breakerOf(formOf(null))).toBeNull();
  expect(breakerOf({ after: "10", bounced: " ", spammed: "", failed: "" })).toBeNull();
});

test("what is no number is left to the server", () => {
  expect(breakerOf({ after: "", bounced: "five", spammed: "", failed: "" })).toEqual({
    after: "",
    bounced: "five",
    spammed: null,
    failed: null,
  });
});
