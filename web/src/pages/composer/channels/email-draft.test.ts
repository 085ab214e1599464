// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { bodyOf, flag, headersOf, numberOf, pick, text } from "./email-draft";

const STORED = {
  id: 7,
  kind: "email",
  name: "Hello",
  sending_state: "automatic",
  subject: "Hi",
  from: "News <n@x.example>",
  from_id: 3,
  reply_to: "r@x.example",
  reply_to_id: null,
  headers: [{ name: "X-A", value: "1" }],
  tracked: true,
};

test("a language has no name or sending behaviour of its own", () => {
  expect(pick(STORED, "")).toMatchObject({ name: "Hello", subject: "Hi" });
  expect(Object.keys(pick(STORED, "de"))).not.toContain("name");
  expect(Object.keys(pick(STORED, ""))).not.toContain("id");
});

test("an identity or an address is sent, not both", () => {
  const body = bodyOf({ ...STORED, headers: [...STORED.headers, { name: " ", value: "x" }] });
  expect(body).toMatchObject({ from_id: 3, reply_to: "r@x.example", headers: [{ name: "X-A", value: "1" }] });
  expect(body).not.toHaveProperty("from");
  expect(body).not.toHaveProperty("reply_to_id");
});

test("fields are read as what they are", () => {
  expect(text(STORED, "subject")).toBe("Hi");
  expect(text(STORED, "tracked")).toBe("");
  expect(flag(STORED, "tracked")).toBe(true);
  expect(numberOf(STORED, "from_id")).toBe(3);
  expect(headersOf({})).toEqual([]);
});
