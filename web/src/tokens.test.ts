// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

type Pair = [light: string, dark: string];

function tokens(): Map<string, Pair> {
  const css = readFileSync(new URL("./tokens.css", import.meta.url), "utf8");
  const found = new Map<string, Pair>();
  for (const [, name, light, dark] of css.matchAll(/(--[\w-]+): light-dark\((#\w+), (#\w+)\)/g)) {
    if (name && light && dark) found.set(name, [light, dark]);
  }
  return found;
}

function luminance(hex: string): number {
  const parts = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255);
  const [red, green, blue] = parts.map((value) =>
    value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0);
}

function contrast(one: string, other: string): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const found = tokens();
const TEXT: [string, string[]][] = [
  [
    "--text",
    [
      "--ground",
      "--ground-2",
      "--ground-3",
      "--accent-ground",
      "--bad-ground",
      "--warn-ground",
      "--good-ground",
    ],
  ],
  ["--text-2", ["--ground", "--ground-2", "--ground-3"]],
  ["--accent", ["--ground", "--ground-2", "--accent-ground"]],
  ["--on-accent", ["--accent", "--accent-strong"]],
  ["--good", ["--ground", "--good-ground"]],
  ["--warn", ["--ground", "--warn-ground"]],
  ["--bad", ["--ground", "--bad-ground"]],
  ["--ground", ["--bad", "--text"]],
];

test.each([0, 1])("text has 4.5:1, controls and chart lines 3:1, in theme %i", (theme) => {
  const colour = (name: string) => found.get(name)?.[theme] ?? "";
  const low: string[] = [];
  const check = (front: string, back: string, least: number) => {
    const ratio = contrast(colour(front), colour(back));
    if (ratio < least) low.push(`${front} on ${back}: ${ratio.toFixed(2)}`);
  };
  for (const [front, backs] of TEXT) for (const back of backs) check(front, back, 4.5);
  for (const back of ["--ground", "--ground-2"]) check("--line-control", back, 3);
  for (const line of [1, 2, 3, 4, 5, 6]) check(`--chart-${line}`, "--ground", 3);
  expect(low).toEqual([]);
});
