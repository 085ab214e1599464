// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { match } from "./match";

test("names take the parts of a path, decoded", () => {
  expect(match("/people/:id", "/people/a%2Fb%40c")).toEqual({ id: "a/b@c" });
});

test("a name with a question mark may be absent", () => {
  expect(match("/broadcasts/:id/:step?", "/broadcasts/7")).toEqual({ id: "7" });
  expect(match("/broadcasts/:id/:step?", "/broadcasts/7/review")).toEqual({ id: "7", step: "review" });
});

test("other words, more parts and broken encoding do not match", () => {
  expect(match("/people/:id", "/segments/7")).toBeNull();
  expect(match("/people/:id", "/people/7/more")).toBeNull();
  expect(match("/people/:id", "/people")).toBeNull();
  expect(match("/people/:id", "/people/%E0%A4%A")).toBeNull();
});
