// SPDX-License-Identifier: Apache-2.0
// A session that ends while somebody works: they sign in over the page, and the call that failed is repeated.
import { useLayoutEffect, useState } from "preact/hooks";
import { onSignedOut } from "../api/client";
import { SignInForm } from "../pages/signin/sign-in";
import { Dialog } from "../ui/dialog";
import { useSession } from "./session";

/** Once in the shell. Calls that fail meanwhile wait for the same answer. */
export function ExpiredSession() {
  const [waiting, setWaiting] = useState<((again: boolean) => void)[]>([]);
  const { session } = useSession();
  useLayoutEffect(() => {
    onSignedOut(() => new Promise((resolve) => setWaiting((before) => [...before, resolve])));
    return () => onSignedOut(async () => false);
  }, []);
  const end = (again: boolean) => {
    for (const one of waiting) one(again);
    setWaiting([]);
  };
  return (
    <Dialog title="Your session has ended" open={waiting.length > 0} onClose={() => end(false)}>
      <div class="stack">
        <p>Sign in again to go on. What you typed is still here.</p>
        <SignInForm demo={session?.demo ?? false} onDone={() => end(true)} />
      </div>
    </Dialog>
  );
}
