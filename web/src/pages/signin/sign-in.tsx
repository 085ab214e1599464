// SPDX-License-Identifier: Apache-2.0
// Signing in, as a page and as a dialog over a page whose session has ended.
import { useEffect, useState } from "preact/hooks";
import { OURS, post } from "../../api/client";
import { type Session, take, useSession } from "../../app/session";
import { navigate, useSearch } from "../../lib/router";
import { Button } from "../../ui/button";
import { TextField } from "../../ui/field";
import { useSaving } from "../../ui/saving";
import "./sign-in.css";

/** E-mail and password; `onDone` after the server knows them. */
export function SignInForm({ onDone, demo }: { onDone: () => void; demo: boolean }) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const saving = useSaving();
  const enter = (path: string, body: object) =>
    saving.run(async () => {
      take(await post<Session>(path, body));
      onDone();
    });
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (!saving.busy) void enter(`${OURS}/session`, { email, password });
      }}
    >
      {demo && (
        <>
          <Button kind="primary" busy={saving.busy} onClick={() => enter(`${OURS}/session/demo`, {})}>
            Enter the demo
          </Button>
          <p class="muted small">Or with an account of this demo:</p>
        </>
      )}
      <TextField
        label="E-mail"
        type="email"
        name="email"
        autocomplete="username"
        required
        value={email}
        onInput={setEmail}
      />
      <TextField
        label="Password"
        type="password"
        name="password"
        autocomplete="current-password"
        required
        value={password}
        onInput={setPassword}
      />
      {saving.problems}
      <Button kind={demo ? "plain" : "primary"} type="submit" busy={saving.busy}>
        Sign in
      </Button>
    </form>
  );
}

/** A path of this page and nothing else, so that a link cannot lead elsewhere. */
export function safePath(path: string | null): string {
  return path?.startsWith("/") && !path.startsWith("//") && !path.startsWith("/\\") ? path : "/";
}

/** `/sign-in`, with `?to=` where it leads. */
export default function SignIn() {
  const { session } = useSession();
  const [search] = useSearch();
  const to = safePath(search.get("to"));
  const known = session?.user != null;
  useEffect(() => {
    document.title = "Sign in · Clarion";
    if (known) navigate(to, { replace: true });
  }, [known, to]);
  return (
    <div class="sign-in">
      <p class="brand sign-in-brand">
        <img src="/icon.svg" alt="" width="28" height="28" /> Clarion
      </p>
      <h1>Sign in</h1>
      {session ? (
        <SignInForm demo={session.demo} onDone={() => navigate(to, { replace: true })} />
      ) : (
        <p role="status">Loading</p>
      )}
      <p class="muted small">
        No account yet? An owner invites you by a link. The first owner's link is printed where Clarion was
        started.
      </p>
    </div>
  );
}
