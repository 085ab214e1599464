// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { columnsOf, csvOf, faults, guess, hasType, identifierOf, readAs, typesOf } from "./columns";

test("identifiers are recognised by how people name them", () => {
  const named = guess(["E-Mail", "customer_id", "Mail", "first name", ""]);
  expect(named.map((one) => one.attribute)).toEqual(["email", "id", "Mail", "first name", ""]);
  expect(named.map((one) => one.used)).toEqual([true, true, true, true, false]);
  for (const name of ["email", "Email address", "MAIL", "e-mail"])
    expect(guess([name])[0]?.attribute).toBe("email");
});

test("an id says more surely who somebody is than an address", () => {
  expect(identifierOf(guess(["email", "id"]), true)).toBe("id");
  expect(identifierOf(guess(["email", "plan"]), true)).toBe("email");
  expect(identifierOf(guess(["email", "plan"]), false)).toBe("id");
});

test("the call names only what differs from the file", () => {
  const choices = guess(["E-Mail", "plan", "internal"]).map((one) =>
    one.column === "internal" ? { ...one, used: false } : one,
  );
  expect(columnsOf(choices)).toEqual({ "E-Mail": "email", internal: null });
});

test("each fault is about a column, or about all of them", () => {
  const choices = [
    { column: "a", attribute: "plan", used: true, type: "text" as const },
    { column: "b", attribute: " plan ", used: true, type: "text" as const },
    { column: "c", attribute: " ", used: true, type: "text" as const },
    { column: "d", attribute: "", used: false, type: "text" as const },
  ];
  const found = faults(choices, "email");
  expect([...found.keys()]).toEqual(["b", "c", ""]);
  expect(found.get("b")).toBe("a becomes plan already");
  expect(faults(guess(["id"]), "id").size).toBe(0);
});

test("wrong rows go into a file with their quotes doubled", () => {
  expect(csvOf([{ line: 3, error: 'no "id"' }])).toBe('line,error\r\n3,"no ""id"""\r\n');
});

test("types are told of attributes that are no texts; identifiers have none", () => {
  const [id, visits, plan, left] = guess(["id", "visits", "plan", "left"]);
  if (!id || !visits || !plan || !left) throw new Error("four columns");
  const choices = [
    { ...id, type: "number" as const },
    { ...visits, attribute: " n ", type: "number" as const },
    plan,
    { ...left, used: false, type: "date" as const },
  ];
  expect(typesOf(choices)).toEqual({ n: "number" });
  expect(choices.map(hasType)).toEqual([false, true, true, false]);
});

test("how a file was read is told in words", () => {
  expect(readAs({ encoding: "utf-16-le", delimiter: "\t" })).toBe("in UTF-16-LE, with tabs");
});
