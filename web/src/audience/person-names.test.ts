// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { calledOf, detailOf, nameOf } from "./person-names";

const person = { id: "7", email: "ada@example.com", cio_id: "0007" };

test("somebody is called by the attributes that are names, whatever their spelling", () => {
  expect(calledOf(person)).toBe("");
  expect(calledOf({ ...person, attributes: { first_name: "Ada", last_name: "Lovelace" } })).toBe(
    "Ada Lovelace",
  );
  expect(calledOf({ ...person, attributes: { lastName: "Lovelace", plan: "pro" } })).toBe("Lovelace");
  expect(calledOf({ ...person, attributes: { firstName: "A", "Full name": " Ada L. " } })).toBe("Ada L.");
});

test("beside the identifier stands the rest", () => {
  expect(nameOf({ ...person, email: null })).toBe("7");
  expect(detailOf(person)).toBe("7");
  expect(detailOf({ ...person, attributes: { name: "Ada" } })).toBe("Ada · 7");
  expect(detailOf({ ...person, email: null })).toBeUndefined();
});
