// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it, test } from "vitest";
import { foreignWords, segmentsOf } from "./segments";

describe("what an SMS costs", () => {
  it.each([
    ["", 0, 0, 160, "GSM-7"],
    ["Hi é £", 1, 6, 154, "GSM-7"],
    ["a".repeat(160), 1, 160, 0, "GSM-7"],
    ["a".repeat(161), 2, 161, 145, "GSM-7"],
    ["a".repeat(306), 2, 306, 0, "GSM-7"],
    ["a".repeat(307), 3, 307, 152, "GSM-7"],
    ["€".repeat(80), 1, 160, 0, "GSM-7"],
    ["€".repeat(81), 2, 162, 143, "GSM-7"],
    ["€".repeat(153), 3, 306, 151, "GSM-7"], // of two places neither stands alone at the end of a piece
    ["ж".repeat(70), 1, 70, 0, "UCS-2"],
    ["ж".repeat(71), 2, 71, 63, "UCS-2"],
    ["🚍".repeat(35), 1, 70, 0, "UCS-2"],
    ["🚍".repeat(36), 2, 72, 61, "UCS-2"],
    ["🚍".repeat(67), 3, 134, 65, "UCS-2"], // nor is a picture letter cut in two
  ])("%s", (text, count, length, left, encoding) => {
    expect(segmentsOf(text)).toMatchObject({ count, length, left, encoding });
  });
});

test("the characters that make it dear are named, with what would do instead", () => {
  expect(foreignWords(segmentsOf("plain [and] €"))).toBe("");
  expect(foreignWords(segmentsOf("It’s 5\u00a0km"))).toMatch(
    /^“’” \(' would do\) and a no-break space \(a blank would do\) are not in the alphabet of SMS/,
  );
  expect(foreignWords(segmentsOf("ж and ж"))).toMatch(/^“ж” is not in/);
  expect(foreignWords(segmentsOf("абвгдежз"))).toMatch(/^“а”, “б”, “в”, “г”, “д” and 3 more are/);
});
