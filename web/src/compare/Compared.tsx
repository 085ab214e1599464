// SPDX-License-Identifier: Apache-2.0
// Two values of a field side by side, on a phone one below the other; lines that only one side has are marked.
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { type Line, sides } from "./lines";
import "./compare.css";

function Lines({ lines, sign }: { lines: readonly Line[]; sign: "−" | "+" }) {
  if (lines.length === 0) return <p class="compared-label">nothing</p>;
  return (
    <pre class="compared-text">
      {lines.map((line, no) =>
        line.skipped ? (
          <span key={no} class="compared-skipped">
            … {line.skipped === 1 ? "1 line" : `${line.skipped} lines`}
          </span>
        ) : (
          <span
            key={no}
            class={line.changed ? `compared-changed compared-${sign === "+" ? "new" : "old"}` : ""}
          >
            {line.changed ? `${sign} ` : "  "}
            {line.text}
          </span>
        ),
      )}
    </pre>
  );
}

interface ComparedProps {
  /** The field. */
  title: string;
  before: string;
  after: string;
  beforeLabel: ComponentChildren;
  afterLabel: ComponentChildren;
}

/** One field. */
export function Compared({ title, before, after, beforeLabel, afterLabel }: ComparedProps) {
  const id = useId();
  const found = sides(before, after);
  return (
    <section class="compared" aria-labelledby={id}>
      <p id={id} class="compared-title">
        {title}
      </p>
      <div class="compared-sides">
        <div>
          <div class="compared-label">{beforeLabel}</div>
          <Lines lines={found.left} sign="−" />
        </div>
        <div>
          <div class="compared-label">{afterLabel}</div>
          <Lines lines={found.right} sign="+" />
        </div>
      </div>
    </section>
  );
}
