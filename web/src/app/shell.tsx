// SPDX-License-Identifier: Apache-2.0
// What stands around every page: navigation, workspace, theme, palette, news.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";
import { navigate, usePath } from "../lib/router";
import { Menu } from "../ui/menu";
import { Toasts } from "../ui/toast";
import { Badge } from "./badges";
import { ExpiredSession } from "./expired";
import { Palette } from "./palette";
import { Renewal } from "./renewal";
import { HOME, ROUTES, type RouteEntry } from "./routes";
import { allows, chooseWorkspace, signOut, useSession } from "./session";
import { setTheme, type Theme, theme } from "./theme";

const GROUPS = ["Broadcasts", "Audience", "Content", "Settings"] as const;
const THEMES: readonly [Theme, string][] = [
  ["system", "As the system"],
  ["light", "Light"],
  ["dark", "Dark"],
];

function open(route: RouteEntry): string {
  return route.path.replace(/\/:[^/]+\?/g, "");
}

/** The frame for somebody who is signed in. */
export function Shell({ children }: { children: ComponentChildren }) {
  const path = usePath();
  const { session, workspace } = useSession();
  const [unfolded, setUnfolded] = useState(false);
  const [palette, setPalette] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each navigation folds it
  useLayoutEffect(() => setUnfolded(false), [path]);
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        setPalette(true);
      }
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  const roles = workspace?.roles ?? [];
  return (
    <div class="shell">
      <a class="skip" href="#main">
        Skip to content
      </a>
      <header class="top">
        <button
          type="button"
          class="button button-quiet nav-toggle"
          aria-expanded={unfolded}
          aria-controls="nav"
          onClick={() => setUnfolded(!unfolded)}
        >
          Menu
        </button>
        <a class="brand" href={HOME}>
          <img src="/icon.svg" alt="" width="22" height="22" /> Clarion
        </a>
        <div class="grow" />
        <button
          type="button"
          class="button palette-button"
          aria-haspopup="dialog"
          onClick={() => setPalette(true)}
        >
          <span>Search</span> <kbd>Ctrl K</kbd>
        </button>
        {session && session.workspaces.length > 1 && workspace && (
          <select
            class="control workspace-choice"
            aria-label="Workspace"
            value={String(workspace.id)}
            onChange={(event) => chooseWorkspace(Number(event.currentTarget.value))}
          >
            {session.workspaces.map((one) => (
              <option key={one.id} value={String(one.id)}>
                {one.name}
              </option>
            ))}
          </select>
        )}
        <Menu
          label="You and this page"
          items={[
            ...THEMES.map(([key, words]) => ({
              label: `Theme: ${words}${theme() === key ? " ✓" : ""}`,
              onSelect: () => setTheme(key),
            })),
            { label: "Your account", onSelect: () => navigate("/profile") },
            { label: "API reference", onSelect: () => location.assign("/docs") },
            { label: "Sign out", onSelect: () => void signOut() },
          ]}
        >
          <span class="truncate user-name">{session?.user?.name || session?.user?.email || "Account"}</span>
        </Menu>
      </header>
      {session?.demo && (
        <aside class="demo" aria-label="Demo">
          This is a demo: every mail is captured, nothing leaves this machine.{" "}
          <a href="/outbox">Open the inbox</a>
        </aside>
      )}
      <nav id="nav" class={`side${unfolded ? " side-open" : ""}`} aria-label="Main">
        {GROUPS.map((group) => {
          const found = ROUTES.filter(
            (route) => route.nav?.group === group && allows(roles, route.need ?? "read"),
          );
          return found.length === 0 ? null : (
            <div key={group} class="side-group">
              <h2 class="side-title">{group}</h2>
              <ul>
                {found.map((route) => {
                  const to = open(route);
                  const current = path === to || path.startsWith(`${to}/`);
                  return (
                    <li key={to}>
                      <a href={to} aria-current={current ? "page" : undefined}>
                        {route.nav?.label} <Badge path={to} />
                      </a>
                    </li>
                  );
                })}
              </ul>
            </div>
          );
        })}
      </nav>
      <main id="main" class="main" tabIndex={-1}>
        {children}
      </main>
      <Palette open={palette} onClose={() => setPalette(false)} />
      <ExpiredSession />
      <Toasts />
      <Renewal />
    </div>
  );
}
