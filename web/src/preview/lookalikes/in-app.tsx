// SPDX-License-Identifier: Apache-2.0
// An in-app message where our script shows it: over a page, at its top or bottom, or within it.
import { setOut } from "../json";
import { PreviewFrame } from "../PreviewFrame";
import { type LookalikeProps, Stage } from "./lookalike";

const PLACES: readonly string[] = ["modal", "top", "bottom", "inline"];

function Lines({ many }: { many: number }) {
  return Array.from({ length: many }, (_, no) => <span key={String(no)} class="alike-line" />);
}

export function InApp({ part, url, width, dark, images }: LookalikeProps) {
  const body = part("body");
  const place = PLACES.includes(part("position")) ? part("position") : "modal";
  const own = /^\s*[{[]/.test(body);
  if (own)
    return (
      <>
        <p class="banner">The body is JSON: your app shows it by itself, in a way of its own.</p>
        <pre class="alike-json">{setOut(body)}</pre>
      </>
    );
  const message = (
    <div class="alike-box">
      <div class="alike-box-head">
        <strong class="break">{part("title")}</strong>
        <span class="alike-close">Close</span>
      </div>
      {url ? (
        <PreviewFrame
          url={`${url}?theme=light${images ? "&images=1" : ""}`}
          title="What the message brings"
        />
      ) : (
        <p class="alike-faint">{body ? "" : "(nothing)"}</p>
      )}
    </div>
  );
  return (
    <Stage kind="in-app" dark={dark}>
      <div class={`alike-device alike-at-${place} alike-device-${width}`}>
        <div class="alike-page" aria-hidden="true">
          <Lines many={place === "inline" ? 4 : 24} />
        </div>
        {message}
        <div class="alike-page" aria-hidden="true">
          <Lines many={place === "inline" ? 12 : 0} />
        </div>
      </div>
    </Stage>
  );
}
