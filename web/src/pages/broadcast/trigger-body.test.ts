// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { bodyOf, firstNamed, namesOf, type TriggerForm } from "./trigger-body";

const form: TriggerForm = { whom: "default", filter: {}, named: "", data: "", ignoreMissing: false };

test("names are taken apart, each once", () => {
  expect(namesOf("a@x.org, b@x.org\nb@x.org ;c")).toEqual(["a@x.org", "b@x.org", "c"]);
});

test("the default audience is not in the call", () => {
  expect(bodyOf({ ...form, data: '{"a": 1}' })).toEqual({ body: { data: { a: 1 } } });
  expect(bodyOf({ ...form, whom: "filter" })).toEqual({ body: { data: {} } });
});

test("people are named with the flag that belongs to them", () => {
  expect(bodyOf({ ...form, whom: "ids", named: "1 2", ignoreMissing: true })).toEqual({
    body: { data: {}, ids: ["1", "2"], id_ignore_missing: true },
  });
  expect(bodyOf({ ...form, whom: "emails", named: "a@x.org" })).toEqual({
    body: { data: {}, emails: ["a@x.org"] },
  });
});

test("what is no object is refused in words", () => {
  expect(bodyOf({ ...form, data: "{" })).toHaveProperty("fault");
  expect(bodyOf({ ...form, data: "[1]" })).toHaveProperty("fault");
});

test("who is named first sees the message first", () => {
  expect(firstNamed(form)).toBeUndefined();
  expect(firstNamed({ ...form, whom: "ids", named: "p1 p2" })).toEqual({ id: "p1" });
  expect(firstNamed({ ...form, whom: "emails", named: "a@x.org" })).toEqual({ email: "a@x.org" });
  expect(firstNamed({ ...form, whom: "ids", named: " " })).toBeUndefined();
});
