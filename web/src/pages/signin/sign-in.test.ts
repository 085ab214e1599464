// @vitest-environment happy-dom
// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { safePath } from "./sign-in";

test("after signing in one stays on this page's server", () => {
  expect(safePath("/people?search=a")).toBe("/people?search=a");
  for (const path of ["https://evil.example", "//evil.example", "/\\evil.example", "", null]) {
    expect(safePath(path)).toBe("/");
  }
});
