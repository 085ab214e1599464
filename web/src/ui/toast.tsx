// SPDX-License-Identifier: Apache-2.0
// Short news that needs no answer. Failures that matter stay where they happened instead.
import { useLayoutEffect, useState } from "preact/hooks";

interface Toast {
  id: number;
  text: string;
  tone: "plain" | "bad";
}

const SHOWN_MS = 6_000;
let next = 1;
let shown: Toast[] = [];
let redraw: (() => void) | null = null;

/** Show a line for six seconds; read out politely. */
export function toast(text: string, tone: Toast["tone"] = "plain"): void {
  const id = next++;
  shown = [...shown.slice(-2), { id, text, tone }];
  redraw?.();
  setTimeout(() => dismiss(id), SHOWN_MS);
}

/** What was asked for was refused or did not arrive. */
export function toastFailure(failure: unknown): void {
  toast(failure instanceof Error ? failure.message : String(failure), "bad");
}

function dismiss(id: number): void {
  shown = shown.filter((one) => one.id !== id);
  redraw?.();
}

/** Where they appear; once in the shell. */
export function Toasts() {
  const [, set] = useState(0);
  useLayoutEffect(() => {
    redraw = () => set((count) => count + 1);
    return () => {
      redraw = null;
    };
  }, []);
  return (
    <div class="toasts" role="status" aria-live="polite">
      {shown.map((one) => (
        <div key={one.id} class={`toast toast-${one.tone}`}>
          <span>{one.text}</span>
          <button type="button" class="toast-close" aria-label="Dismiss" onClick={() => dismiss(one.id)}>
            ×
          </button>
        </div>
      ))}
    </div>
  );
}
