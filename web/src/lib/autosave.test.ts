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

  newest = async (): Promise<{ value: string; version: number }> => {
    if (this.fail) throw this.fail;
    return { value: this.value, version: this.version };
  };

  /** Somebody else is quicker. */
  change(value: string): void {
    this.value = value;
    this.version += 1;
  }
}

let server: Server;
let kept: Map<string, unknown>;

function open(): Autosave<string> {
  return new Autosave({
    name: "thing",
    value: server.value,
    version: server.version,
    save: server.save,
    newest: server.newest,
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

test("what we change beside it makes the version that it is saved as", async () => {
  const autosave = open();
  server.version += 1;
  autosave.follow(server.version);
  autosave.change("second");
  await autosave.flush();
  expect([server.calls, server.value, autosave.state]).toEqual([1, "second", "saved"]);
});

test("where somebody else changed something in between, saving finds out", async () => {
  const autosave = open();
  server.change("theirs");
  server.version += 1;
  autosave.follow(server.version);
  autosave.change("mine");
  await autosave.flush();
  expect([server.value, autosave.state]).toEqual(["theirs", "conflict"]);
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
  server.change("theirs");
  edited.change("mine");
  await vi.advanceTimersByTimeAsync(1_000);
  expect([edited.state, server.value]).toEqual(["conflict", "theirs"]);
  expect(edited.merged?.clashes).toEqual([{ name: "", mine: "mine", theirs: "theirs" }]);
  edited.change("mine too");
  await vi.advanceTimersByTimeAsync(5_000);
  expect(server.value).toBe("theirs");
  expect(edited.merged?.clashes[0]?.mine).toBe("mine too");
  edited.settle({ "": "mine" });
  await vi.advanceTimersByTimeAsync(10);
  expect([edited.state, server.value]).toEqual(["saved", "mine too"]);
});

test("taking theirs lets one's own go, and undo brings it back", async () => {
  const edited = open();
  edited.change("mine");
  server.change("theirs");
  await vi.advanceTimersByTimeAsync(1_000);
  edited.settle({ "": "theirs" });
  expect([edited.value, edited.state, kept.size]).toEqual(["theirs", "saved", 0]);
  edited.undo();
  expect(edited.value).toBe("mine");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(server.value).toBe("mine");
});

test("whoever changed something else is no obstacle", async () => {
  const edited = open();
  server.version += 1; // another part of the same broadcast
  edited.change("mine");
  await vi.advanceTimersByTimeAsync(1_000);
  expect([edited.state, server.value, server.calls]).toEqual(["saved", "mine", 2]);
  expect(edited.taken).toBeNull();
});

test("a conflict is kept while the server is away, and compared when it is asked for", async () => {
  const edited = open();
  server.change("theirs");
  const newest = server.newest;
  server.newest = () => Promise.reject(new ApiError(0, [{ detail: "away", pointer: "" }]));
  const fragile = new Autosave({
    name: "other",
    value: "first",
    version: 1,
    save: server.save,
    newest: () => server.newest(),
  });
  fragile.change("mine");
  await vi.advanceTimersByTimeAsync(1_000);
  expect([fragile.state, fragile.merged, fragile.error?.message]).toEqual(["conflict", null, "away"]);
  server.newest = newest;
  await fragile.compare();
  expect(fragile.merged?.clashes).toHaveLength(1);
  edited.close();
});

test("fields that only one of both changed are put together, and saved", async () => {
  let stored = { value: { subject: "a", body: "b" }, version: 1 };
  const edited = new Autosave({
    name: "message",
    ...stored,
    byField: true,
    save: async (value, version) => {
      if (version !== stored.version) throw new ApiError(409, []);
      stored = { value, version: version + 1 };
      return stored.version;
    },
    newest: async () => stored,
  });
  stored = { value: { subject: "a", body: "theirs" }, version: 2 };
  edited.change({ subject: "mine", body: "b" });
  await vi.advanceTimersByTimeAsync(1_000);
  expect([edited.state, edited.taken]).toEqual(["saved", ["body"]]);
  expect(stored.value).toEqual({ subject: "mine", body: "theirs" });
  expect(edited.value).toEqual({ subject: "mine", body: "theirs" });
  edited.undo();
  expect(edited.value, "undo does not take theirs back").toEqual({ subject: "a", body: "theirs" });
});

test("a local copy of an older version is a conflict, not a surprise", () => {
  kept.set("draft.thing", { value: "old words", version: 1 });
  server.change("theirs");
  const edited = open();
  expect([edited.state, edited.value, edited.recovered]).toEqual(["conflict", "old words", true]);
  expect(edited.merged?.clashes).toEqual([{ name: "", mine: "old words", theirs: "theirs" }]);
});

test("a local copy goes on where nobody changed what it is of", async () => {
  kept.set("draft.thing", { value: "typed", version: 1, base: "first" });
  server.version = 3;
  const edited = open();
  await vi.advanceTimersByTimeAsync(10);
  expect([edited.state, server.value, kept.size]).toEqual(["saved", "typed", 0]);
});

test("a tab that dies while somebody has to choose leaves both sides", async () => {
  const died = open();
  server.change("theirs");
  died.change("mine");
  await vi.advanceTimersByTimeAsync(1_000);
  const again = open();
  expect(again.merged?.clashes).toEqual([{ name: "", mine: "mine", theirs: "theirs" }]);
});

test("what is refused is not sent again and again", async () => {
  const edited = open();
  server.fail = new ApiError(422, [{ detail: "too long", pointer: "/name" }]);
  edited.change("x");
  await vi.advanceTimersByTimeAsync(60_000);
  expect([edited.state, server.calls, edited.error?.about("/name")]).toEqual(["failed", 1, "too long"]);
});
