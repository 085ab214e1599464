// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import {
  afterRemoval,
  blank,
  both,
  type Filter,
  faults,
  moveAt,
  read,
  readPasted,
  replaceAt,
  sentence,
  textOf,
  typed,
  typeOf,
} from "./filter";

const pro: Filter = { attribute: { field: "plan", operator: "eq", value: "pro" } };
const paid: Filter = { segment: { id: 7 } };
const tree: Filter = {
  and: [pro, { or: [paid, { not: { attribute: { field: "age", operator: "exists" } } }] }],
};

describe("sentences", () => {
  test("groups inside groups stand in brackets, segments by name", () => {
    expect(sentence(tree, new Map([[7, "Paid plans"]]))).toBe(
      "plan is “pro” and (in Paid plans or not age is there)",
    );
  });
  test("text and truth do not look alike", () => {
    const of = (value: string | boolean) => sentence({ attribute: { field: "vip", operator: "eq", value } });
    expect(of("true")).toBe("vip is “true”");
    expect(of(true)).toBe("vip is true");
  });
  test("no condition is everybody, the inverse is said", () => {
    expect(sentence({})).toBe("everybody");
    expect(sentence({ attribute: { field: "age", operator: "exists", inverse: true } })).toBe(
      "age is not there",
    );
  });
});

describe("editing", () => {
  test("a part is replaced without touching the others", () => {
    const changed = replaceAt(tree, [1, 0], { segment: { id: 8 } });
    expect(changed).toEqual({ and: [pro, { or: [{ segment: { id: 8 } }, { not: expect.anything() }] }] });
    expect(tree).toEqual({ and: [pro, { or: [paid, { not: expect.anything() }] }] });
  });
  test("a group whose last member goes, goes too", () => {
    expect(replaceAt({ and: [{ or: [pro] }, paid] }, [0, 0], null)).toEqual({ and: [paid] });
    expect(replaceAt({ not: pro }, [0], null)).toBeNull();
    expect(replaceAt({ and: [pro] }, [0], null)).toBeNull();
  });
  test("members move by one place and stay within their group", () => {
    expect(moveAt({ or: [pro, paid] }, [1], -1)).toEqual({ or: [paid, pro] });
    expect(moveAt({ or: [pro, paid] }, [1], 1)).toEqual({ or: [pro, paid] });
    expect(moveAt(tree, [1, 0], 1)).toMatchObject({ and: [pro, { or: [{ not: expect.anything() }, paid] }] });
  });
});

describe("checking", () => {
  test("each thing that is missing is named with its place", () => {
    const broken: Filter = {
      and: [{ attribute: { field: "", operator: "eq", value: "" } }, { segment: { id: 0 } }, { or: [] }],
    };
    expect(faults(broken).map((fault) => fault.pointer)).toEqual([
      "/and/0/attribute/field",
      "/and/0/attribute/value",
      "/and/1/segment/id",
      "/and/2/or",
    ]);
  });
  test("a whole filter has no faults, a number must be one", () => {
    expect(faults(tree)).toEqual([]);
    const value = typed("12 a", "number");
    expect(faults({ attribute: { field: "age", operator: "eq", value } })).toHaveLength(1);
  });
});

describe("reading", () => {
  test("what is written is read back as it was", () => {
    expect(read(JSON.parse(JSON.stringify(tree)))).toEqual({ filter: tree });
  });
  test.each([
    [{ and: [], or: [] }, ""],
    [{ and: {} }, "/and"],
    [{ and: [{ segment: { id: "x" } }] }, "/and/0/segment"],
    [{ attribute: { field: "a", operator: "gt", value: 1 } }, "/attribute"],
    [{ attribute: { field: "a", operator: "eq" } }, "/attribute/value"],
    [{ near: 1 }, ""],
    ["all", ""],
  ])("%j is refused at %s", (value, pointer) => {
    expect(read(value)).toMatchObject({ fault: { pointer } });
  });
  test("a trigger's body and a curl command are understood", () => {
    const curl = `curl -X POST 'https://x/v1/campaigns/3/triggers' -d '{"recipients":${JSON.stringify(pro)},"data":{}}'`;
    expect(readPasted(curl)).toEqual({ audience: pro });
    expect(readPasted(JSON.stringify(tree))).toEqual({ audience: tree });
    expect(readPasted('{"recipients":{}}')).toEqual({ audience: {} });
    expect(readPasted("hello")).toMatchObject({ fault: { message: "There is no JSON in this." } });
  });
});

test("a value keeps the type that was chosen", () => {
  expect(typed("true", "text")).toBe("true");
  expect(typed("true", "boolean")).toBe(true);
  expect(typed("12.5", "number")).toBe(12.5);
  expect([typeOf("a"), typeOf(1), typeOf(false)]).toEqual(["text", "number", "boolean"]);
});

test("a number can be typed sign by sign", () => {
  for (const text of ["-", "-1", "1.", "1.5", "0.50"]) expect(textOf(typed(text, "number"), text)).toBe(text);
  expect(textOf(12, "1")).toBe("12");
  expect(textOf("abc", null)).toBe("abc");
});

test("after a removal one goes on at what took its place, or around it", () => {
  const leaf = blank();
  const three: Filter = { and: [leaf, { or: [leaf] }, leaf] };
  const removed = (path: number[]) => afterRemoval(replaceAt(three, path, null), path);
  expect(removed([0])).toEqual([0]);
  expect(removed([2])).toEqual([1]);
  expect(removed([1, 0])).toEqual([1]);
  expect(afterRemoval(replaceAt(leaf, [], null), [])).toBeNull();
  expect(afterRemoval(replaceAt({ and: [leaf] }, [0], null), [0])).toBeNull();
});

test("two filters together", () => {
  const one: Filter = { segment: { id: 1 } };
  const other: Filter = { not: { segment: { id: 2 } } };
  expect(both({}, one)).toEqual(one);
  expect(both(one, {})).toEqual(one);
  expect(both(one, other)).toEqual({ and: [one, other] });
});
