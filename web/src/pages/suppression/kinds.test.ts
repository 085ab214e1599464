// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { soughtIn } from "./kinds";

test.each([
  ["ada@example.com", { email: "ada@example.com" }],
  [" ada@example.com ", { email: "ada@example.com" }],
  ["ada@exam", null],
  ["@Example.com", { domain: "example.com" }],
  ["example.co.uk", { domain: "example.co.uk" }],
  ["example", null],
  ["", null],
])("%s", (typed, wanted) => expect(soughtIn(typed)).toEqual(wanted));
