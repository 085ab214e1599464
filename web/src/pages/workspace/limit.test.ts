// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { formOf, limitOf } from "./limit";

test("what is stored is shown and sent back as it was", () => {
  expect(formOf({ messages: 3, days: 7 })).toEqual({ messages: "3", days: "7" });
  expect(limitOf({ messages: "3", days: " 7 " })).toEqual({ messages: 3, days: 7 });
});

test("an empty form is none, and half a form is the server's to refuse", () => {
  expect(limitOf(formOf(null))).toBeNull();
  expect(limitOf({ messages: "3", days: "" })).toEqual({ messages: 3, days: "" });
  expect(limitOf({ messages: "many", days: "7" })).toEqual({ messages: "many", days: 7 });
});
