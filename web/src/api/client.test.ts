// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { ApiError, problemsOf } from "./client";

test("problems carry the pointer of their field", () => {
  const body = {
    errors: [{ detail: "is required", status: "422", source: { pointer: "/data/attributes/name" } }],
  };
  expect(problemsOf(body)).toEqual([{ detail: "is required", pointer: "/name" }]);
});

test("the older envelope is understood, nonsense is nothing", () => {
  expect(problemsOf({ meta: { error: "no" } })).toEqual([{ detail: "no", pointer: "" }]);
  expect(problemsOf("no")).toEqual([]);
});

test("an error tells what is about a field and what is about none", () => {
  const error = new ApiError(422, [
    { detail: "is required", pointer: "/name" },
    { detail: "too many", pointer: "" },
  ]);
  expect(error.about("/name")).toBe("is required");
  expect(error.apartFrom(["/name"])).toEqual([{ detail: "too many", pointer: "" }]);
});
