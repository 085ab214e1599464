// SPDX-License-Identifier: Apache-2.0
// What stands where there is no content: nothing yet, on its way, failed, not allowed.
import type { ComponentChildren } from "preact";
import { ApiError, type Problem } from "../api/client";
import { pointerWords } from "../lib/fieldnames";
import type { Query } from "../lib/query";
import { Button } from "./button";

/** Nothing is there: what would be, and how to make the first. */
export function Empty({
  title,
  children,
  action,
}: {
  title: string;
  children?: ComponentChildren;
  action?: ComponentChildren;
}) {
  return (
    <div class="state">
      <p class="state-title">{title}</p>
      {children && <div class="state-text">{children}</div>}
      {action && <div>{action}</div>}
    </div>
  );
}

/** On its way; `lines` keeps the room that it will take. */
export function Loading({ label = "Loading", lines = 6 }: { label?: string; lines?: number }) {
  return (
    <div class="skeleton" role="status" aria-label={label}>
      {Array.from({ length: lines }, (_, line) => (
        <div key={line} class="skeleton-line" />
      ))}
    </div>
  );
}

/** It failed, in words, with a way to try again. */
export function ErrorState({ error, onRetry }: { error: ApiError; onRetry?: () => void }) {
  if (error.status === 403 || error.status === 401) return <NoPermission />;
  return (
    <div class="state" role="alert">
      <p class="state-title">
        {error.status === 404 ? "There is no such thing" : "This could not be loaded"}
      </p>
      <p class="state-text">{error.message}</p>
      {onRetry && error.status !== 404 && <Button onClick={onRetry}>Try again</Button>}
    </div>
  );
}

/** Somebody's roles do not open it. */
export function NoPermission({ what = "see this" }: { what?: string }) {
  return (
    <div class="state">
      <p class="state-title">You may not {what}</p>
      <p class="state-text">
        Your roles in this workspace do not allow it. An owner can change them under Users.
      </p>
    </div>
  );
}

/** Data, or the state that stands in its place. Old data stays while newer is fetched, with the failure above it. */
export function Loaded<T>({
  query,
  children,
  lines,
}: {
  query: Query<T>;
  children: (data: T) => ComponentChildren;
  lines?: number;
}) {
  if (query.data === undefined) {
    if (query.error) return <ErrorState error={query.error} onRetry={query.refetch} />;
    return <Loading lines={lines} />;
  }
  return (
    <>
      {query.error && (
        <p class="banner banner-warn" role="status">
          Not up to date: {query.error.message}{" "}
          <Button kind="quiet" onClick={query.refetch}>
            Try again
          </Button>
        </p>
      )}
      {children(query.data)}
    </>
  );
}

/** What a call refused; `besides`: pointers of fields that show their own. */
export function Problems({ error, besides = [] }: { error: unknown; besides?: readonly string[] }) {
  const found: Problem[] =
    error instanceof ApiError ? error.apartFrom(besides) : [{ detail: String(error), pointer: "" }];
  if (found.length === 0 && error instanceof ApiError && error.problems.length > 0) return null;
  const shown =
    found.length > 0 ? found : [{ detail: error instanceof Error ? error.message : "", pointer: "" }];
  return (
    <div class="banner banner-bad" role="alert">
      {shown.map((one) => (
        <p key={one.pointer + one.detail} class={one.pointer ? undefined : "capital"}>
          {one.pointer && <strong>{pointerWords(one.pointer)}</strong>} {one.detail}
        </p>
      ))}
    </div>
  );
}
