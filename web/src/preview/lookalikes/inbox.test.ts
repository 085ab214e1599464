// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { inboxItemOf } from "./inbox";

test("the usual properties are shown, the others are told", () => {
  const properties = { title: "", heading: "Night bus", message: "It runs", image_url: "https://x", line: 7 };
  expect(inboxItemOf(JSON.stringify(properties))).toEqual({
    title: "Night bus",
    text: "It runs",
    link: "",
    picture: "https://x",
    others: ["title", "line"],
  });
});

test("what is no object is no item", () => {
  for (const json of ["", "[]", "7", "{"]) expect(inboxItemOf(json)).toBeNull();
});
