// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

function luminance(hex: string): number {
  const [red, green, blue] = [1, 3, 5]
    .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0);
}

test.each([1, 2])("parts of a bar stand out from what is left and from the page, in theme %i", (theme) => {
  const css = readFileSync(new URL("../tokens.css", import.meta.url), "utf8");
  const colours = new Map(
    [...css.matchAll(/(--[\w-]+): light-dark\((#\w+), (#\w+)\)/g)].map((found) => [
      found[1] ?? "",
      found[theme] ?? "",
    ]),
  );
  const low: string[] = [];
  for (const tone of ["--good", "--bad", "--warn", "--quiet", "--accent", "--chart-1"]) {
    for (const ground of ["--ground", "--ground-2", "--ground-3"]) {
      const [dark, light] = [luminance(colours.get(tone) ?? ""), luminance(colours.get(ground) ?? "")].sort(
        (one, other) => one - other,
      ) as [number, number];
      const ratio = (light + 0.05) / (dark + 0.05);
      if (ratio < 3) low.push(`${tone} on ${ground}: ${ratio.toFixed(2)}`);
    }
  }
  expect(low).toEqual([]);
});
