// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ApiError } from "../api/client";
import { Autosave } from "./autosave";

class Server {
  value = "first";
  version = 1;
  calls = 0;
  fail: ApiError | null = null;

  save = async (value: string, version: number): Promise<number> => {
    this.calls += 1;
    if (this.fail) throw this.fail;
    if (version !== this.version) throw new ApiError(409, [{ detail: "changed meanwhile", pointer: "" }]);
    this.value = value;
    this.version += 1;
    return this.version;
  };
}

let server: Server;
let kept: Map<string, unknown>;

function open(): Autosave<string> {
  return new Autosave({
    name: "thing",
    value: server.value,
    version: server.version,
    save: server.save,
    copies: {
      recall: (name) => kept.get(name),
      remember: (name, value) =>
        value === undefined ? kept.delete(name) : kept.set(name, structuredClone(value)),
    },
  });
}

beforeEach(() => {
  vi.useFakeTimers();
  server = new Server();
  kept = new Map();
});
afterEach(() => {
  vi.useRealTimers();
});

test("what is typed is saved once, a moment after typing stops", async () => {
  const edited = open();
  for (const value of ["a", "ab", "abc"]) edited.change(value);
  expect(kept.size).toBe(1);
  await vi.advanceTimersByTimeAsync(1_000);
  expect([server.value, server.calls, edited.state, kept.size]).toEqual(["abc", 1, "saved", 0]);
});

test("undo and redo go in steps, and are saved too", async () => {
  const edited = open();
  edited.change("second");
  await vi.advanceTimersByTimeAsync(2_000);
  edited.change("third");
  edited.undo();
  expect(edited.value).toBe("second");
  edited.undo();
  expect([edited.value, edited.canUndo]).toEqual(["first", false]);
  edited.redo();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(server.value).toBe("second");
});

test("while the server is away nothing is lost, and it is tried again", async () => {
  const edited = open();
  server.fail = new ApiError(0, [{ detail: "away", pointer: "" }]);
  edited.change("typed");
  await vi.advanceTimersByTimeAsync(1_000);
  expect([edited.state, kept.size]).toEqual(["failed", 1]);
  server.fail = null;
  await vi.advanceTimersByTimeAsync(3_000);
  expect([edited.state, server.value, kept.size]).toEqual(["saved", "typed", 0]);
});

test("what a tab that died had typed is found, and saved", async () => {
  const died = open();
  server.fail = new ApiError(0, []);
  died.change("typed");
  server.fail = null;
  const again = open();
  expect([again.value, again.recovered]).toEqual(["typed", true]);
  await vi.advanceTimersByTimeAsync(10);
  expect(server.value).toBe("typed");
});

test("somebody who was quicker is not written over until one decides", async () => {
  const edited = open();
  server.value = "theirs";
  server.version = 5;
  edited.change("mine");
  await vi.advanceTimersByTimeAsync(1_000);
  expect([edited.state, server.value]).toEqual(["conflict", "theirs"]);
  edited.change("mine too");
  await vi.advanceTimersByTimeAsync(5_000);
  expect(server.value).toBe("theirs");
  edited.settle("mine", "theirs", 5);
  await vi.advanceTimersByTimeAsync(10);
  expect([edited.state, server.value]).toEqual(["saved", "mine too"]);
});

test("taking theirs lets one's own go, and undo brings it back", async () => {
  const edited = open();
  edited.change("mine");
  server.version = 9;
  await vi.advanceTimersByTimeAsync(1_000);
  edited.settle("theirs", "theirs", 9);
  expect([edited.value, edited.state, kept.size]).toEqual(["theirs", "saved", 0]);
  edited.undo();
  expect(edited.value).toBe("mine");
});

test("a local copy of an older version is a conflict, not a surprise", () => {
  kept.set("draft.thing", { value: "old words", version: 1 });
  server.version = 3;
  expect(open().state).toBe("conflict");
});

test("what is refused is not sent again and again", async () => {
  const edited = open();
  server.fail = new ApiError(422, [{ detail: "too long", pointer: "/name" }]);
  edited.change("x");
  await vi.advanceTimersByTimeAsync(60_000);
  expect([edited.state, server.calls, edited.error?.about("/name")]).toEqual(["failed", 1, "too long"]);
});
