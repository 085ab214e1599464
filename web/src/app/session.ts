// SPDX-License-Identifier: Apache-2.0
// Who is signed in, in which workspace, and what their roles allow.
import { useSyncExternalStore } from "preact/compat";
import { ApiError, del, get, OURS, setWorkspace } from "../api/client";
import { forgetQueries } from "../lib/query";
import { recall, remember } from "../lib/storage";

/** What an endpoint or a button needs: the same words as the server's. */
export type Need = "read" | "edit" | "send" | "own";
export type Role = "owner" | "editor" | "sender" | "reader";

export interface Membership {
  id: number;
  name: string;
  roles: Role[];
}

/** `GET /session`. `demo`: mail is captured and anybody may look. */
export interface Session {
  user: { id: number; name: string; email: string } | null;
  workspaces: Membership[];
  demo: boolean;
  version: string;
}

export interface SessionState {
  session: Session | null;
  workspace: Membership | null;
  /** Why it is not known who is signed in. */
  error: ApiError | null;
}

const OPENS: Record<Role, readonly Need[]> = {
  reader: ["read"],
  editor: ["read", "edit"],
  sender: ["read", "send"],
  owner: ["read", "edit", "send", "own"],
};

let state: SessionState = { session: null, workspace: null, error: null };
const listeners = new Set<() => void>();

function set(next: SessionState): void {
  state = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The session as it is known now. */
export function useSession(): SessionState {
  return useSyncExternalStore(subscribe, () => state);
}

/** Whether roles allow something. */
export function allows(roles: readonly Role[], need: Need): boolean {
  return roles.some((role) => OPENS[role].includes(need));
}

/** Whether whoever is signed in may do something in this workspace. */
export function useMay(need: Need): boolean {
  const { workspace } = useSession();
  return workspace !== null && allows(workspace.roles, need);
}

/** Ask the server who is signed in. */
export async function loadSession(): Promise<void> {
  try {
    take(await get<Session>(`${OURS}/session`));
  } catch (error) {
    const known =
      error instanceof ApiError ? error : new ApiError(0, [{ detail: String(error), pointer: "" }]);
    if (known.status === 401) take({ user: null, workspaces: [], demo: false, version: "" });
    else set({ ...state, error: known });
  }
}

/** A session that the server has just told. */
export function take(session: Session): void {
  const wanted = recall<number>("workspace");
  const workspace = session.workspaces.find((one) => one.id === wanted) ?? session.workspaces[0] ?? null;
  setWorkspace(workspace?.id ?? null);
  set({ session, workspace, error: null });
}

/** Go on in another workspace; what was fetched of this one is forgotten. */
export function chooseWorkspace(id: number): void {
  const workspace = state.session?.workspaces.find((one) => one.id === id);
  if (!workspace) return;
  remember("workspace", id);
  setWorkspace(id);
  forgetQueries();
  set({ ...state, workspace });
}

/** End the session here and on the server. */
export async function signOut(): Promise<void> {
  await del(`${OURS}/session`);
  forgetQueries();
  set({
    session: state.session && { ...state.session, user: null, workspaces: [] },
    workspace: null,
    error: null,
  });
}
