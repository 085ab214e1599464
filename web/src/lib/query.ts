// SPDX-License-Identifier: Apache-2.0
// Server data for components: one copy a path, fetched anew on focus and, where asked, every so often while visible.
import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { ApiError, currentWorkspace, get } from "../api/client";

export interface Query<T> {
  /** The newest answer; undefined before the first. It stays while a newer one is fetched. */
  data: T | undefined;
  /** Why the newest call failed; undefined when it did not. */
  error: ApiError | undefined;
  loading: boolean;
  refetch: () => void;
}

interface Entry {
  data: unknown;
  error: ApiError | undefined;
  loading: boolean;
  at: number;
  failures: number;
  watchers: Set<() => void>;
  aborting: AbortController | null;
  timer: ReturnType<typeof setTimeout> | null;
}

const FRESH_MS = 2_000;
const LONG_AGO = 1; // 0: never yet
const MOST_BACKOFF = 8;
const entries = new Map<string, Entry>();

function keyOf(path: string): string {
  return `${currentWorkspace() ?? ""} ${path}`;
}

function entryOf(key: string): Entry {
  let entry = entries.get(key);
  if (!entry) {
    entry = {
      data: undefined,
      error: undefined,
      loading: false,
      at: 0,
      failures: 0,
      watchers: new Set(),
      aborting: null,
      timer: null,
    };
    entries.set(key, entry);
  }
  return entry;
}

async function load(path: string, entry: Entry): Promise<void> {
  if (entry.loading) return;
  entry.loading = true;
  const aborting = new AbortController();
  entry.aborting = aborting;
  tell(entry);
  try {
    const data = await get<unknown>(path, { signal: aborting.signal });
    if (aborting.signal.aborted) return;
    entry.data = data;
    entry.error = undefined;
    entry.failures = 0;
  } catch (error) {
    if (!aborting.signal.aborted) {
      entry.failures += 1;
      entry.error =
        error instanceof ApiError ? error : new ApiError(0, [{ detail: String(error), pointer: "" }]);
    }
  } finally {
    // One that was given up brought nothing: what is known is as old as it was.
    if (entry.aborting === aborting) {
      entry.loading = false;
      entry.aborting = null;
      entry.at = Date.now();
    }
    tell(entry);
  }
}

/** What it waits for may tell what was so before: it is no longer wanted. */
function giveUp(entry: Entry): void {
  entry.aborting?.abort();
  entry.aborting = null;
  entry.loading = false;
}

function tell(entry: Entry): void {
  for (const watcher of [...entry.watchers]) watcher();
}

/** What `path` answers; null: nothing is asked. `every`: milliseconds between polls, while the tab is visible. */
export function useQuery<T>(path: string | null, options: { every?: number | null } = {}): Query<T> {
  const [, redraw] = useState(0);
  const every = options.every ?? null;
  const key = path === null ? null : keyOf(path);

  // With the drawing, not a frame later: an answer that comes between the two would tell nobody.
  useLayoutEffect(() => {
    if (path === null || key === null) return;
    const entry = entryOf(key);
    const watcher = () => redraw((count) => count + 1);
    entry.watchers.add(watcher);
    if (Date.now() - entry.at > FRESH_MS) void load(path, entry);
    const onFocus = () => {
      if (document.visibilityState === "visible" && Date.now() - entry.at > FRESH_MS) void load(path, entry);
    };
    document.addEventListener("visibilitychange", onFocus);
    addEventListener("focus", onFocus);
    return () => {
      entry.watchers.delete(watcher);
      document.removeEventListener("visibilitychange", onFocus);
      removeEventListener("focus", onFocus);
      if (entry.watchers.size === 0) giveUp(entry);
    };
  }, [path, key]);

  useEffect(() => {
    if (path === null || key === null || every === null) return;
    let timer: ReturnType<typeof setTimeout>;
    const again = () => {
      const entry = entryOf(key);
      timer = setTimeout(
        async () => {
          if (document.visibilityState === "visible" && Date.now() - entry.at >= every / 2)
            await load(path, entry);
          again();
        },
        every * Math.min(2 ** entry.failures, MOST_BACKOFF),
      );
    };
    again();
    return () => clearTimeout(timer);
  }, [path, key, every]);

  const entry = key === null ? undefined : entries.get(key);
  return {
    data: entry?.data as T | undefined,
    error: entry?.error,
    loading: path !== null && (entry === undefined || entry.loading || entry.at === 0),
    refetch: () => {
      if (path !== null && key !== null) void load(path, entryOf(key));
    },
  };
}

/** What was fetched under paths that begin so (`exact`: under this one) is old: what is shown of it is fetched now, the rest when it is next asked for. */
export function invalidate(prefix: string, options: { exact?: boolean } = {}): void {
  for (const [key, entry] of entries) {
    const path = key.slice(key.indexOf(" ") + 1);
    if (
      !(options.exact ? path === prefix : path.startsWith(prefix)) ||
      !key.startsWith(`${currentWorkspace() ?? ""} `)
    )
      continue;
    if (entry.watchers.size === 0) {
      entries.delete(key);
      continue;
    }
    giveUp(entry);
    entry.at = LONG_AGO;
    void load(path, entry);
  }
}

/** Forget everything: another person or workspace. */
export function forgetQueries(): void {
  for (const [key, entry] of entries) if (entry.watchers.size === 0) entries.delete(key);
}
