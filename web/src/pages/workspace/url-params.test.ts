// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { linesOf, paramsOf, pointersOf, refusalOf, USUAL, wholeOf } from "./url-params";

test("what is stored is shown in lines and sent back as it was", () => {
  expect(paramsOf(linesOf(USUAL))).toEqual(USUAL);
  expect(paramsOf(" a = b=c \n\n")).toEqual([{ name: "a", value: "b=c" }]);
  expect(paramsOf("")).toEqual([]);
});

test("a line without a value is the server's to refuse, and is not stored while it is written", () => {
  expect(paramsOf("utm")).toEqual([{ name: "utm", value: "" }]);
  expect(wholeOf("utm\na b=c\nd=\ne=f\ne=g")).toEqual([{ name: "e", value: "f" }]);
});

test("what was refused is told with the number of its line", () => {
  const said: Record<string, string> = {
    "/url_parameters/1/value": "url_parameters.1.value: must be a text",
  };
  expect(refusalOf((pointer) => said[pointer], 2)).toBe("2: must be a text");
  expect(refusalOf((pointer) => said[pointer], 1)).toBeUndefined();
  expect(refusalOf((pointer) => (pointer === "/url_parameters" ? "too many" : undefined), 0)).toBe(
    "too many",
  );
  expect(pointersOf(1)).toContain("/url_parameters/0/value");
});
