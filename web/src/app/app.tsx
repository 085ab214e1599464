// SPDX-License-Identifier: Apache-2.0
// Chooses the page for the path, loads its chunk, and keeps what stands around it.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { match } from "../lib/match";
import { navigate, usePath } from "../lib/router";
import { LinkButton } from "../ui/button";
import { Page } from "../ui/page";
import { Empty, ErrorState, Loading, NoPermission } from "../ui/states";
import { HOME, type PageProps, ROUTES, type RouteEntry } from "./routes";
import { allows, loadSession, useSession } from "./session";
import { Shell } from "./shell";

interface Loadable {
  route: RouteEntry;
  page: ComponentType<PageProps> | null;
  failed: boolean;
}

const SIGN_IN = "/sign-in";

function Outlet({ route, params }: { route: RouteEntry; params: Record<string, string> }) {
  const [shown, setShown] = useState<Loadable>({ route, page: null, failed: false });
  useEffect(() => {
    let here = true;
    route.load().then(
      (module) => here && setShown({ route, page: module.default, failed: false }),
      () => here && setShown({ route, page: null, failed: true }),
    );
    return () => {
      here = false;
    };
  }, [route]);
  if (shown.route !== route || (!shown.page && !shown.failed)) return <Loading lines={8} />;
  if (!shown.page) {
    return (
      <Page title={route.nav?.label ?? "Clarion"}>
        <Empty title="This page could not be loaded">
          Clarion may have been updated since it was opened. <a href={location.href}>Load the page anew</a>
        </Empty>
      </Page>
    );
  }
  return <shown.page params={params} key={location.pathname.split("/").slice(0, 3).join("/")} />;
}

/** The whole page. */
export function App() {
  const path = usePath();
  const { session, workspace, error } = useSession();
  useEffect(() => void loadSession(), []);
  useEffect(() => {
    if (path === "/") navigate(HOME, { replace: true });
  }, [path]);
  const found = ROUTES.map((route) => ({ route, params: match(route.path, path) })).find((one) => one.params);
  const signedOut = session !== null && session.user === null;
  useEffect(() => {
    if (signedOut && !found?.route.bare)
      navigate(`${SIGN_IN}?to=${encodeURIComponent(path)}`, { replace: true });
  }, [signedOut, found?.route.bare, path]);
  if (found?.route.bare && found.params) {
    return (
      <main class="bare" id="main">
        <Outlet route={found.route} params={found.params} />
      </main>
    );
  }
  if (error && !session) {
    return (
      <main class="bare" id="main">
        <ErrorState error={error} onRetry={() => void loadSession()} />
      </main>
    );
  }
  if (!session?.user) return <Loading lines={8} />;
  return (
    <Shell key={workspace?.id}>
      {!found?.params ? (
        <Page title="Not found">
          <Empty title="There is no such page" action={<LinkButton href={HOME}>Go to broadcasts</LinkButton>}>
            It may have been removed, or the address was not copied whole. Ctrl-K finds pages, broadcasts and
            people by name.
          </Empty>
        </Page>
      ) : !workspace ? (
        <Page title="No workspace">
          <Empty title="You are in no workspace">
            An owner of one can let you in: tell them your address, {session.user.email}.
          </Empty>
        </Page>
      ) : !allows(workspace.roles, found.route.need ?? "read") ? (
        <Page title={found.route.nav?.label ?? "Not allowed"}>
          <NoPermission what="open this page" />
        </Page>
      ) : (
        <Outlet route={found.route} params={found.params} />
      )}
    </Shell>
  );
}
