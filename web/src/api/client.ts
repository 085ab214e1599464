// SPDX-License-Identifier: Apache-2.0
// Calls to the server: the same JSON API that engineers use, with the session's cookie instead of a key.

import { withoutName } from "../lib/fieldnames";

/** The management API's root. */
export const OURS = "/api/clarion/v1";

/** One thing that was wrong; `pointer` is a JSON pointer into the body that was sent, "" when it is about no field. */
export interface Problem {
  detail: string;
  pointer: string;
}

/** An answer that is not a success, in words; `status` 0: the server was not reached. */
export class ApiError extends Error {
  readonly status: number;
  readonly problems: Problem[];
  /** Seconds after which to try again, where the server said so. */
  readonly retryAfter: number | null;
  /** The parsed body, for endpoints that tell more than problems. */
  readonly body: unknown;

  constructor(status: number, problems: Problem[], retryAfter: number | null = null, body: unknown = null) {
    super(problems.map((one) => one.detail).join("; ") || `The server answered ${status}`);
    this.status = status;
    this.problems = problems;
    this.retryAfter = retryAfter;
    this.body = body;
  }

  /** What is said about a field, by its pointer, such as `/name`. */
  about(pointer: string): string | undefined {
    const found = this.problems.find((one) => one.pointer === pointer);
    return found && withoutName(found.detail, pointer);
  }

  /** Whether another call was refused, or lost, for the same: said once is enough. */
  same(other: unknown): boolean {
    const words = (error: ApiError) =>
      error.apartFrom([]).map((one) => `${one.pointer.split("/").at(-1)} ${one.detail}`);
    return other instanceof ApiError && words(this).join("\n") === words(other).join("\n");
  }

  /** What is said about no field of the given ones. */
  apartFrom(pointers: readonly string[]): Problem[] {
    return this.problems
      .filter((one) => !pointers.includes(one.pointer))
      .map((one) => ({ ...one, detail: withoutName(one.detail, one.pointer) }));
  }
}

export interface CallOptions {
  signal?: AbortSignal;
  headers?: Record<string, string>;
}

let workspaceId: number | null = null;
let signIn: (() => Promise<boolean>) | null = null;

/** The workspace that calls are about from now on. */
export function setWorkspace(id: number | null): void {
  workspaceId = id;
}

/** The workspace that calls are about. */
export function currentWorkspace(): number | null {
  return workspaceId;
}

/** What to do when a session has ended: true when somebody signed in again, so that the call is repeated. */
export function onSignedOut(handler: () => Promise<boolean>): void {
  signIn = handler;
}

/** Problems of an error body of any of the API's families. */
export function problemsOf(body: unknown): Problem[] {
  if (typeof body !== "object" || body === null) return [];
  const { errors, meta } = body as { errors?: unknown; meta?: { error?: unknown } };
  if (Array.isArray(errors)) {
    return errors.map((one: { detail?: unknown; message?: unknown; source?: { pointer?: unknown } }) => ({
      detail: String(one?.detail ?? one?.message ?? "unknown error"),
      // Customer.io points below /data/attributes, not at the literal path in the body.
      pointer: String(one?.source?.pointer ?? "").replace(/^\/data\/attributes/, ""),
    }));
  }
  return meta?.error ? [{ detail: String(meta.error), pointer: "" }] : [];
}

async function call<T>(method: string, path: string, body: unknown, options: CallOptions): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json", ...options.headers };
  if (workspaceId !== null) headers["X-Clarion-Workspace"] ??= String(workspaceId);
  const raw = body instanceof Blob || typeof body === "string";
  if (body !== undefined && !headers["Content-Type"] && !raw) headers["Content-Type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : raw ? body : JSON.stringify(body),
      credentials: "same-origin",
      signal: options.signal,
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, [{ detail: "The server cannot be reached. What you typed is kept.", pointer: "" }]);
  }
  const text = await response.text();
  let parsed: unknown = null;
  try {
    parsed = text ? JSON.parse(text) : null;
  } catch {
    parsed = null;
  }
  if (response.ok) return parsed as T;
  const wait = Number(response.headers.get("Retry-After"));
  throw new ApiError(
    response.status,
    problemsOf(parsed),
    Number.isFinite(wait) && wait > 0 ? wait : null,
    parsed,
  );
}

async function request<T>(
  method: string,
  path: string,
  body: unknown,
  options: CallOptions = {},
): Promise<T> {
  const asked = workspaceId;
  try {
    return await call<T>(method, path, body, options);
  } catch (error) {
    const signingIn = method === "POST" && path.startsWith(`${OURS}/session`);
    const ended = error instanceof ApiError && error.status === 401 && !signingIn;
    // Whoever signed in may be somebody else, with other workspaces: what was meant for one is not done in another.
    if (ended && signIn && (await signIn()) && workspaceId === asked)
      return await call<T>(method, path, body, options);
    throw error;
  }
}

export const get = <T>(path: string, options?: CallOptions): Promise<T> =>
  request<T>("GET", path, undefined, options);
export const post = <T>(path: string, body?: unknown, options?: CallOptions): Promise<T> =>
  request<T>("POST", path, body ?? {}, options);
export const patch = <T>(path: string, body: unknown, options?: CallOptions): Promise<T> =>
  request<T>("PATCH", path, body, options);
export const put = <T>(path: string, body: unknown, options?: CallOptions): Promise<T> =>
  request<T>("PUT", path, body, options);
export const del = <T = null>(path: string, body?: unknown, options?: CallOptions): Promise<T> =>
  request<T>("DELETE", path, body, options);
