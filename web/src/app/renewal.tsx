// SPDX-License-Identifier: Apache-2.0
// A page that was open while the server was updated: a part of it that is loaded only now is gone.
import { useLayoutEffect, useState } from "preact/hooks";

/** Once in the shell: offers the new version. What was typed is kept by the forms, which store it as it is typed. */
export function Renewal() {
  const [outdated, setOutdated] = useState(false);
  useLayoutEffect(() => {
    const note = () => setOutdated(true);
    addEventListener("vite:preloadError", note);
    return () => removeEventListener("vite:preloadError", note);
  }, []);
  return (
    <div role="status" class={outdated ? "renewal" : "visually-hidden"}>
      {outdated && (
        <>
          Clarion was updated while this page was open.{" "}
          <button type="button" class="button" onClick={() => location.reload()}>
            Reload for the new version
          </button>
        </>
      )}
    </div>
  );
}
