// SPDX-License-Identifier: Apache-2.0
// Webhooks: the call that is made for each person, and how it will go out.
import { CodeEditor } from "../../../editor/CodeEditor";
import { bytes } from "../../../lib/format";
import { diagnosticsOf } from "../../../preview/message";
import { CheckField, SelectField } from "../../../ui/field";
import type { Channel, FieldsProps, PreviewProps } from "./channel";
import { flag, text } from "./email-draft";
import { goingTo, HeaderRows, Line, Sending } from "./parts";
import { bodyOf, METHODS, pick, request } from "./webhook-draft";

function Fields(props: FieldsProps) {
  const { draft, change, readOnly, answer } = props;
  return (
    <div class="stack">
      <SelectField
        label="Method"
        value={text(draft, "method") || "post"}
        disabled={readOnly}
        onChange={(method) => change({ method })}
        options={METHODS}
      />
      <Line
        {...props}
        field="url"
        label="URL"
        hint="https://… ; put what is variable through | url_encode."
      />
      <HeaderRows {...props} />
      <CodeEditor
        label="Body"
        language="liquid"
        height={360}
        hint="JSON, unless a Content-Type header says otherwise: what {{ }} shows is escaped for it."
        readOnly={readOnly}
        value={text(draft, "body")}
        onChange={(body) => change({ body })}
        completions={props.completions}
        diagnostics={diagnosticsOf(answer, "body")}
        goTo={goingTo(props, "body")}
      />
      <details>
        <summary>Sending</summary>
        <div class="stack composer-more">
          <Sending {...props} />
          <CheckField
            label="Whoever was called may convert"
            hint="Where the call itself is the message, such as one that another service sends."
            checked={flag(draft, "conversion_tracking")}
            disabled={readOnly}
            onChange={(checked) => change({ conversion_tracking: checked })}
          />
        </div>
      </details>
    </div>
  );
}

function Preview({ shown }: PreviewProps) {
  const { size } = shown.message;
  return (
    <div class="stack-tight">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it */}
      <section class="preview-plain" tabIndex={0} aria-label="The request as it will go out">
        {request(shown.message)}
      </section>
      <p class="muted small">
        Whoever is called tells a repeat by the message's id: it is the same on every attempt.
      </p>
      {typeof size === "number" && size > 0 && <p class="muted small">The body has {bytes(size)}.</p>}
    </div>
  );
}

export const WEBHOOK: Channel = {
  label: "Webhook",
  languages: false,
  tests: "request",
  views: [{ key: "request", label: "Request" }],
  pick,
  bodyOf,
  Fields,
  Preview,
};
