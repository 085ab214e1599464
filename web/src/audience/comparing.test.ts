// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import {
  choices,
  howOften,
  isTimes,
  listed,
  periodOf,
  timesOf,
  withHowOften,
  withOperator,
} from "./comparing";
import { faults, read, readPasted } from "./filter";

const plan = { field: "plan", operator: "eq", value: "pro" };

test("a value stays where the next operator takes the same kind", () => {
  expect(withOperator(plan, "eq-not")).toEqual({ ...plan, inverse: true });
  expect(withOperator(plan, "exists")).toEqual({ field: "plan", operator: "exists" });
  expect(withOperator(plan, "in")).toEqual({ field: "plan", operator: "in", value: [] });
  expect(withOperator(plan, "in_past")).toEqual({ field: "plan", operator: "in_past", value: { days: 30 } });
  const much = { field: "n", operator: "gt", value: 3 };
  expect(withOperator(much, "lte-not")).toEqual({ field: "n", operator: "lte", value: 3, inverse: true });
});

test("what an event carries is not compared with the running time", () => {
  expect(choices("segment").length - choices("event").length).toBe(6);
});

test("a filter of the API knows two operators", () => {
  expect(choices("filter").map((one) => one.words)).toEqual(["is", "is not", "is there", "is not there"]);
});

describe("how often", () => {
  const bought = { name: "buy" };
  test.each([
    [bought, "performed"],
    [{ ...bought, inverse: true }, "never"],
    [{ ...bought, at_most: 0 }, "never"],
    [{ ...bought, at_least: 2 }, "at_least"],
    [{ ...bought, at_most: 2 }, "at_most"],
    [{ ...bought, at_least: 2, at_most: 2 }, "exactly"],
    [{ ...bought, at_least: 2, at_most: 4 }, "between"],
  ] as const)("%j is %s, and the word leads back to it", (condition, word) => {
    expect(howOften(condition)).toBe(word);
    expect(howOften(withHowOften(condition, word))).toBe(word);
  });
  test("numbers go along", () => {
    expect(withHowOften({ ...bought, at_least: 3 }, "exactly")).toEqual({
      ...bought,
      at_least: 3,
      at_most: 3,
    });
    expect(withHowOften({ ...bought, at_least: 3 }, "between")).toEqual({
      ...bought,
      at_least: 3,
      at_most: 4,
    });
    expect(withHowOften({ ...bought, at_least: 3, at_most: 4 }, "performed")).toEqual(bought);
    expect([timesOf("0"), timesOf("x"), timesOf("2.9"), timesOf("9999")]).toEqual([1, 1, 2, 1_000]);
    expect([timesOf("1", 4), timesOf("", 4), timesOf("10", 4)]).toEqual([4, 4, 10]);
    expect([isTimes("1", 4), isTimes("10", 4), isTimes(""), isTimes("2.9")]).toEqual([
      false,
      true,
      false,
      false,
    ]);
  });
});

test("lists are read line by line, periods by their unit", () => {
  expect(listed(" pro \n\nteam")).toEqual(["pro", "team"]);
  expect(periodOf({ hours: 6 })).toEqual({ amount: 6, unit: "hours" });
  expect(periodOf(undefined)).toEqual({ amount: Number.NaN, unit: "days" });
});

test("what is missing in a segment's conditions is named with its place", () => {
  const broken = {
    and: [
      { attribute: { field: "a", operator: "in", value: [] } },
      { attribute: { field: "a", operator: "in_past", value: { days: 0 } } },
      { event: { name: "", within: { days: 1.5 }, where: [{ field: "", operator: "exists" }] } },
    ],
  };
  expect(faults(broken).map((one) => one.pointer)).toEqual([
    "/and/0/attribute/value",
    "/and/1/attribute/value",
    "/and/2/event/name",
    "/and/2/event/where/0/field",
    "/and/2/event/within",
  ]);
});

test("a message needs its broadcast", () => {
  const opened = { message: { broadcast: 3, metric: "opened", within: { days: 2 } } };
  expect(faults(opened)).toEqual([]);
  expect(read(opened, "", true)).toEqual({ filter: opened });
  expect(read({ message: { metric: "sent" } }, "", true)).toMatchObject({ fault: { pointer: "/message" } });
  expect(faults({ message: { broadcast: 0, metric: "sent", within: { days: 0 } } })).toHaveLength(2);
});

test("only a segment's conditions are read with events and all operators", () => {
  const rich = { and: [{ event: { name: "buy" } }, { attribute: { field: "n", operator: "gt", value: 1 } }] };
  expect(read(rich, "", true)).toEqual({ filter: rich });
  expect(read(rich)).toMatchObject({ fault: { pointer: "/and/0" } });
  expect(read({ event: {} }, "", true)).toMatchObject({ fault: { pointer: "/event" } });
  expect(readPasted(JSON.stringify({ name: "x", conditions: rich }), true)).toEqual({ audience: rich });
});
