// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { Echoes } from "./echoes";

test("what comes back late does not undo what was typed meanwhile", () => {
  const echoes = new Echoes();
  for (const text of ["a", "ab", "abc"]) echoes.say(text);
  expect(echoes.isEcho("ab")).toBe(true);
  expect(echoes.isEcho("abc")).toBe(true);
  expect(echoes.isEcho("ab")).toBe(false); // undone elsewhere
});

test("a value from elsewhere ends the wait", () => {
  const echoes = new Echoes();
  echoes.say("a");
  expect(echoes.isEcho("theirs")).toBe(false);
  expect(echoes.isEcho("a")).toBe(false);
});
