// SPDX-License-Identifier: Apache-2.0
// A list that grows by pages as long as somebody asks for more; what is shown of it stays as it is.
import { useEffect, useState } from "preact/hooks";
import { get } from "../api/client";
import { type Query, useQuery } from "./query";

export interface Growing<P> {
  first: Query<P>;
  /** All pages so far; empty before the first. */
  pages: P[];
  busy: boolean;
  error: unknown;
  /** Fetch what follows the last page. */
  more: () => void;
}

/** `path` has a query already; `P` tells in `next` where it goes on. */
export function useGrowing<P extends { next: string }>(path: string): Growing<P> {
  const first = useQuery<P>(path);
  const [held, setHeld] = useState<{ path: string; pages: P[] }>({ path, pages: [] });
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    setHeld({ path, pages: [] });
    setError(null);
  }, [path]);
  const beginning = first.data ? [first.data] : [];
  // From the second page on the first one is held too: pages that are fetched anew would not fit together.
  const pages = held.path === path && held.pages.length > 0 ? held.pages : beginning;
  return {
    first,
    pages,
    busy,
    error,
    more: async () => {
      const next = pages.at(-1)?.next;
      if (!next || busy) return;
      setBusy(true);
      setError(null);
      try {
        const page = await get<P>(`${path}&start=${encodeURIComponent(next)}`);
        setHeld((now) => (now.path === path ? { path, pages: [...pages, page] } : now));
      } catch (failure) {
        setError(failure);
      } finally {
        setBusy(false);
      }
    },
  };
}
