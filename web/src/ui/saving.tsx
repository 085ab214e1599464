// SPDX-License-Identifier: Apache-2.0
// What every form does: at work while the server is asked, and saying at each field what was refused.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { ApiError } from "../api/client";
import { Problems } from "./states";

export interface Saving {
  busy: boolean;
  /** Does it; false when it was refused. */
  run: (work: () => Promise<unknown>) => Promise<boolean>;
  /** What was refused about a field. */
  about: (pointer: string) => string | undefined;
  /** What was refused besides. */
  problems: ComponentChildren;
  /** Says so without having tried; null: nothing is wrong. */
  fail: (failure: unknown) => void;
}

/** `fields`: pointers of those that show their own. */
export function useSaving(fields: readonly string[] = []): Saving {
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  return {
    busy,
    run: async (work) => {
      setBusy(true);
      setError(null);
      try {
        await work();
        return true;
      } catch (failure) {
        setError(failure);
        return false;
      } finally {
        setBusy(false);
      }
    },
    about: (pointer) => (error instanceof ApiError ? error.about(pointer) : undefined),
    problems: error === null ? null : <Problems error={error} besides={fields} />,
    fail: setError,
  };
}
