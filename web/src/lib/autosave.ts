// SPDX-License-Identifier: Apache-2.0
// Saves what is typed by itself, and never loses it: a local copy until the server has it, undo and redo. Where somebody
// else was quicker, what only one of both changed is put together; what both changed waits for a choice. Without a DOM;
// `useAutosave` ties it to a component.
import { useLayoutEffect, useMemo, useState } from "preact/hooks";
import { ApiError } from "../api/client";
import { chosen, type Merged, merge, same, type Whose } from "./merging";
import { recall, remember } from "./storage";

export type SaveState = "saved" | "waiting" | "saving" | "failed" | "conflict";

export interface Copies {
  recall: (name: string) => unknown;
  remember: (name: string, value: unknown) => void;
}

export interface AutosaveOptions<T> {
  /** Under which the local copy is kept, such as `broadcast.7.recipients`. */
  name: string;
  value: T;
  /** The version that `value` is of. */
  version: number;
  /** Gives the new version; rejects with ApiError 409 when the version is old. */
  save: (value: T, version: number) => Promise<number>;
  /** What the server has now. */
  newest: () => Promise<Known<T>>;
  /** It is an object whose fields two people may change side by side. */
  byField?: boolean;
  pauseMs?: number;
  copies?: Copies;
  now?: () => number;
}

/** A value of the server, and its version. */
export interface Known<T> {
  value: T;
  version: number;
}

interface Copy<T> extends Known<T> {
  /** What it was made from. */
  base?: T;
}

const PAUSE_MS = 800;
const ONE_STEP_MS = 900;
const MOST_STEPS = 200;
const RETRY_MS = [2_000, 5_000, 15_000, 30_000];

/** One thing that is edited. */
export class Autosave<T> {
  value: T;
  state: SaveState = "saved";
  /** When the server last took it, Unix milliseconds. */
  savedAt: number | null = null;
  error: ApiError | null = null;
  /** It was found as a local copy that the server did not have. */
  recovered = false;
  /** Fields that somebody else changed meanwhile and that were taken over; null: none. */
  taken: readonly string[] | null = null;
  private saved: T;
  private version: number;
  /** What `value` was made from; undefined where a copy does not say. */
  private base: T | undefined;
  /** What the server has, while somebody has to choose. */
  private others: Known<T> | null = null;
  private past: T[] = [];
  private future: T[] = [];
  private changedAt = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private failures = 0;
  private saving: Promise<void> | null = null;
  private ended = false;
  private readonly listeners = new Set<() => void>();
  private readonly copies: Copies;
  private readonly now: () => number;

  constructor(private readonly options: AutosaveOptions<T>) {
    this.copies = options.copies ?? { recall, remember };
    this.now = options.now ?? Date.now;
    this.value = options.value;
    this.saved = options.value;
    this.base = options.value;
    this.version = options.version;
    const copy = this.copies.recall(this.key) as Copy<T> | undefined;
    if (copy === undefined || same(copy.value, options.value)) {
      this.copies.remember(this.key, undefined);
      return;
    }
    this.value = copy.value;
    this.recovered = true;
    if (copy.version === options.version) this.later(0);
    else {
      this.base = copy.base;
      this.join({ value: options.value, version: options.version });
    }
  }

  private get key(): string {
    return `draft.${this.options.name}`;
  }

  /** Whether everything is with the server. */
  get clean(): boolean {
    return same(this.value, this.saved);
  }

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  get canRedo(): boolean {
    return this.future.length > 0;
  }

  /** Both sides, while somebody has to choose; null before it is known what the server has. */
  get merged(): Merged<T> | null {
    if (this.state !== "conflict" || this.others === null) return null;
    return merge(this.base, this.value, this.others.value, this.options.byField ?? false);
  }

  /** Somebody typed. Changes in quick succession are one step for undo. */
  change(value: T): void {
    if (same(value, this.value)) return;
    const now = this.now();
    if (this.past.length === 0 || now - this.changedAt > ONE_STEP_MS) this.past.push(this.value);
    if (this.past.length > MOST_STEPS) this.past.shift();
    this.changedAt = now;
    this.future = [];
    this.put(value);
  }

  undo(): void {
    const value = this.past.pop();
    if (value === undefined) return;
    this.future.push(this.value);
    this.changedAt = 0;
    this.put(value);
  }

  redo(): void {
    const value = this.future.pop();
    if (value === undefined) return;
    this.past.push(this.value);
    this.changedAt = 0;
    this.put(value);
  }

  private put(value: T): void {
    this.value = value;
    this.taken = null;
    this.keepCopy();
    if (this.state !== "conflict") this.later(this.options.pauseMs ?? PAUSE_MS);
    this.tell();
  }

  private keepCopy(): void {
    const copy: Copy<T> = { value: this.value, version: this.version, base: this.base };
    this.copies.remember(this.key, this.clean && this.others === null ? undefined : copy);
  }

  private later(ms: number): void {
    if (this.timer) clearTimeout(this.timer);
    if (this.state !== "saving") this.state = "waiting";
    this.timer = setTimeout(() => void this.flush(), ms);
  }

  /** Save now; resolves when nothing is under way any more. */
  async flush(): Promise<void> {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    if (this.saving) await this.saving;
    if (this.state === "conflict") return;
    if (this.clean) {
      this.state = "saved";
      this.copies.remember(this.key, undefined);
      this.tell();
      return;
    }
    this.saving = this.send();
    await this.saving;
    this.saving = null;
    if (this.conflicting) await this.compare();
    if (this.state === "saved" && !this.clean) this.later(this.options.pauseMs ?? PAUSE_MS);
    this.tell();
  }

  private async send(): Promise<void> {
    const value = this.value;
    this.state = "saving";
    this.tell();
    try {
      this.version = await this.options.save(value, this.version);
      this.saved = value;
      this.base = value;
      this.savedAt = this.now();
      this.error = null;
      this.failures = 0;
      this.recovered = false;
      this.state = "saved";
      this.keepCopy();
    } catch (failure) {
      this.error =
        failure instanceof ApiError ? failure : new ApiError(0, [{ detail: String(failure), pointer: "" }]);
      this.state = this.error.status === 409 ? "conflict" : "failed";
      const reachable = this.error.status !== 0 && this.error.status < 500 && this.error.status !== 429;
      if (this.state === "failed" && !reachable && !this.ended) {
        const pause = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)] ?? 30_000;
        this.failures += 1;
        this.timer = setTimeout(() => void this.flush(), pause);
      }
    }
  }

  private get conflicting(): boolean {
    return this.state === "conflict";
  }

  /** Ask what the server has; goes on by itself where both sides can be put together. */
  async compare(): Promise<void> {
    try {
      this.join(await this.options.newest());
    } catch (failure) {
      if (failure instanceof ApiError) this.error = failure;
    }
    this.tell();
  }

  private join(theirs: Known<T>): void {
    const merged = merge(this.base, this.value, theirs.value, this.options.byField ?? false);
    if (merged.clashes.length > 0) {
      this.others = theirs;
      this.state = "conflict";
      return;
    }
    this.takeOver(merged, theirs.value);
    this.goOn(theirs, merged.value);
    this.taken = merged.theirs.length > 0 ? merged.theirs : null;
  }

  /** After a conflict: what both changed as it was chosen, one's own where nothing was. Undo brings one's own back. */
  settle(choices: Readonly<Record<string, Whose>>): void {
    const merged = this.merged;
    if (merged === null || this.others === null) return;
    this.takeOver(merged, this.others.value);
    const value = chosen(merged, choices);
    if (!same(value, merged.value)) {
      this.past.push(merged.value);
      this.future = [];
    }
    this.goOn(this.others, value);
    this.tell();
  }

  /** What only they changed becomes part of every step, so that no undo takes it back. */
  private takeOver(merged: Merged<T>, theirs: T): void {
    if (merged.theirs.length === 0 || !this.options.byField) return;
    const fields = theirs as Record<string, unknown>;
    const changes = Object.fromEntries(merged.theirs.map((name) => [name, fields[name]]));
    const over = (value: T): T => ({ ...value, ...changes });
    this.past = this.past.map(over);
    this.future = this.future.map(over);
  }

  private goOn(theirs: Known<T>, value: T): void {
    this.changedAt = 0;
    this.value = value;
    this.saved = theirs.value;
    this.base = theirs.value;
    this.version = theirs.version;
    this.others = null;
    this.error = null;
    this.state = "saved";
    this.keepCopy();
    if (this.clean) this.recovered = false;
    else this.later(0);
  }

  /** Something beside the value was changed by ourselves, and made this version of the one that is known. */
  follow(version: number): void {
    if (this.state === "saving" || version !== this.version + 1) return; // else saving finds out by itself
    this.version = version;
    this.keepCopy();
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private tell(): void {
    for (const listener of [...this.listeners]) listener();
  }

  /** The page is left: what is not with the server is sent now, and stays as a local copy until it is taken. */
  close(): void {
    this.ended = true;
    if (!this.clean && this.state !== "conflict") void this.flush();
    else if (this.timer) clearTimeout(this.timer);
  }
}

/** An Autosave that lives as long as the component; `name` decides which thing it is. */
export function useAutosave<T>(options: AutosaveOptions<T>): Autosave<T> {
  // biome-ignore lint/correctness/useExhaustiveDependencies: another name is another thing; the rest are its beginnings
  const autosave = useMemo(() => new Autosave(options), [options.name]);
  const [, redraw] = useState(0);
  useLayoutEffect(() => {
    const stop = autosave.subscribe(() => redraw((count) => count + 1));
    const leaving = (event: BeforeUnloadEvent) => {
      if (!autosave.clean) event.preventDefault();
    };
    addEventListener("beforeunload", leaving);
    return () => {
      stop();
      removeEventListener("beforeunload", leaving);
      autosave.close();
    };
  }, [autosave]);
  return autosave;
}
