// SPDX-License-Identifier: Apache-2.0
// The preview while one types: asked a moment after the last change, the last good one stays meanwhile.
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, OURS, post } from "../api/client";
import { keepGood, type PreviewAnswer, type Shown } from "./message";

const PAUSE_MS = 250;
const RETRY_MS = 5_000;

export interface Preview {
  shown: Shown | null;
  /** The text has changed since. */
  behind: boolean;
  error: unknown;
}

/** `body`: of the call, as JSON; null: not yet. `beside`: what else it is made of, for the server to know. */
export function usePreview(body: string | null, beside = ""): Preview {
  const [state, setState] = useState<Preview>({ shown: null, behind: true, error: null });
  const [again, setAgain] = useState(0);
  const asked = useRef<string | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `again` and `beside` ask anew
  useEffect(() => {
    if (body === null) return;
    const aborting = new AbortController();
    let retry: ReturnType<typeof setTimeout> | undefined;
    setState((before) => (before.behind ? before : { ...before, behind: true }));
    const timer = setTimeout(
      async () => {
        try {
          const answer = await post<PreviewAnswer>(`${OURS}/preview`, JSON.parse(body), {
            signal: aborting.signal,
          });
          asked.current = body;
          setState((before) => ({ shown: keepGood(before.shown, answer), behind: false, error: null }));
        } catch (error) {
          if (aborting.signal.aborted) return;
          setState((before) => ({ ...before, behind: true, error }));
          // What the server refuses it refuses again; what did not reach it may.
          const { status } = error instanceof ApiError ? error : { status: 0 };
          if (status === 0 || status === 429 || status >= 500)
            retry = setTimeout(() => setAgain((count) => count + 1), RETRY_MS);
        }
      },
      asked.current === null ? 0 : PAUSE_MS,
    );
    return () => {
      clearTimeout(timer);
      clearTimeout(retry);
      aborting.abort();
    };
  }, [body, again, beside]);
  return state;
}
