// SPDX-License-Identifier: Apache-2.0
// Where the page is: paths and queries of the address bar, without a library.
import { useSyncExternalStore } from "preact/compat";

const listeners = new Set<() => void>();

function changed(): void {
  for (const listener of listeners) listener();
}

addEventListener("popstate", changed);

/** Go to a path of this page; `replace`: without a step for "back". */
export function navigate(to: string, options: { replace?: boolean } = {}): void {
  if (to === location.pathname + location.search) return;
  if (options.replace) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  changed();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The path, such as `/broadcasts/7`, without the query. */
export function usePath(): string {
  return useSyncExternalStore(subscribe, () => location.pathname);
}

/** The query, and how to change some of it (null or "" removes a name); changes replace, so "back" leaves the page. */
export function useSearch(): [URLSearchParams, (changes: Record<string, string | null>) => void] {
  const text = useSyncExternalStore(subscribe, () => location.search);
  return [new URLSearchParams(text), setSearch];
}

function setSearch(changes: Record<string, string | null>): void {
  const next = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value) next.set(name, value);
    else next.delete(name);
  }
  const query = next.toString();
  navigate(location.pathname + (query ? `?${query}` : ""), { replace: true });
}

/** Follow links inside the page without loading it anew. */
export function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey)
    return;
  const link = (event.target as Element | null)?.closest?.("a");
  if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (/^\/(api|v1|preview|docs|openapi\.json|assets)(\/|$)/.test(link.pathname)) return;
  if (link.hash && link.pathname === location.pathname) return;
  event.preventDefault();
  navigate(link.pathname + link.search);
}
