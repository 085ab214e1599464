// SPDX-License-Identifier: Apache-2.0
import { afterEach, expect, test, vi } from "vitest";
import { ApiError, get, onSignedOut, post, problemsOf, setWorkspace } from "./client";

afterEach(() => {
  vi.unstubAllGlobals();
  onSignedOut(async () => false);
  setWorkspace(null);
});

/** A server whose session is over until somebody signs in. */
function expired(): { calls: string[]; signIn: () => void } {
  let over = true;
  const calls: string[] = [];
  vi.stubGlobal("fetch", async (path: string, init: { method: string; headers: Record<string, string> }) => {
    calls.push(`${init.method} ${path} in ${init.headers["X-Clarion-Workspace"]}`);
    return over ? new Response("{}", { status: 401 }) : new Response('{"done": true}');
  });
  return {
    calls,
    signIn: () => {
      over = false;
    },
  };
}

test("a call whose session was over is repeated once somebody signed in", async () => {
  const server = expired();
  setWorkspace(1);
  onSignedOut(async () => {
    server.signIn();
    return true;
  });
  expect(await post("/x", {})).toEqual({ done: true });
  expect(server.calls).toEqual(["POST /x in 1", "POST /x in 1"]);
});

test("what was meant for one workspace is not done in another", async () => {
  const server = expired();
  setWorkspace(1);
  onSignedOut(async () => {
    server.signIn();
    setWorkspace(2);
    return true;
  });
  await expect(post("/x", {})).rejects.toThrow(ApiError);
  expect(server.calls).toEqual(["POST /x in 1"]);
});

test("who does not sign in again is told that the session is over", async () => {
  expired();
  await expect(get("/x")).rejects.toMatchObject({ status: 401 });
});

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
  const saving = new ApiError(422, [{ detail: "body: is longer than 9 bytes", pointer: "/body" }]);
  const shown = [{ detail: "action.body: is longer than 9 bytes", pointer: "/action/body" }];
  expect(saving.same(new ApiError(422, shown))).toBe(true);
  expect(saving.same(error)).toBe(false);
  expect(saving.same(new Error("body"))).toBe(false);
});
