// SPDX-License-Identifier: Apache-2.0
// Channels whose messages are texts by name: their fields, and how they look where they arrive.
import { CodeEditor } from "../../../editor/CodeEditor";
import { fieldName } from "../../../lib/fieldnames";
import { Lookalike, partOf } from "../../../preview/Lookalike";
import { KINDS } from "../../../preview/lookalikes/kinds";
import { diagnosticsOf } from "../../../preview/message";
import { CheckField, SelectField } from "../../../ui/field";
import type { Channel, FieldsProps, PreviewProps } from "./channel";
import { flag, text } from "./email-draft";
import { goingTo, Line, Sending } from "./parts";
import { pickOf, TEXTS, type TextField, type TextsChannel } from "./texts-draft";

const HEIGHT = 180;

function One({ field, ...props }: FieldsProps & { field: TextField }) {
  const { kind, draft, change, readOnly, answer } = props;
  const { name, hint, as } = field;
  const label = fieldName(name, name, kind);
  if (as === "line") return <Line {...props} field={name} label={label} hint={hint} />;
  if (as === "text" || as === "json")
    return (
      <CodeEditor
        label={label}
        language="liquid"
        height={HEIGHT}
        hint={hint}
        readOnly={readOnly}
        value={text(draft, name)}
        onChange={(value) => change({ [name]: value })}
        completions={props.completions}
        diagnostics={diagnosticsOf(answer, name)}
        goTo={goingTo(props, name)}
      />
    );
  return (
    <SelectField
      label={label}
      value={text(draft, name)}
      disabled={readOnly}
      onChange={(value) => change({ [name]: value })}
      options={as}
    />
  );
}

function Tracked({ draft, change, readOnly }: FieldsProps) {
  return (
    <CheckField
      label="Track clicks"
      hint="Links become links through Clarion. The preview counts the text with them."
      checked={flag(draft, "tracked")}
      disabled={readOnly}
      onChange={(tracked) => change({ tracked })}
    />
  );
}

function fieldsOf(channel: TextsChannel) {
  return function Fields(props: FieldsProps) {
    const rare = channel.fields.filter((field) => field.rare);
    return (
      <div class="stack">
        {channel.fields
          .filter((field) => !field.rare)
          .map((field) => (
            <One key={field.name} {...props} field={field} />
          ))}
        <details>
          <summary>More, and sending</summary>
          <div class="stack composer-more">
            {rare.map((field) => (
              <One key={field.name} {...props} field={field} />
            ))}
            {channel.links && <Tracked {...props} />}
            {!props.language && <Sending {...props} />}
          </div>
        </details>
      </div>
    );
  };
}

/** A value as its field offers it. */
function wordsOf({ as }: TextField, value: string): string {
  return typeof as === "string" ? value : (as.find(([one]) => one === value)?.[1] ?? value);
}

function previewOf(kind: string, channel: TextsChannel) {
  const seen = KINDS[kind]?.seen ?? [];
  return function Preview({ shown, width, dark, images }: PreviewProps) {
    const others = channel.fields.filter(
      (field) => !seen.includes(field.name) && partOf(shown.message, field.name),
    );
    return (
      <div class="stack-tight">
        <Lookalike
          kind={kind}
          message={shown.message}
          url={shown.url}
          width={width}
          dark={dark}
          images={images}
        />
        {others.length > 0 && (
          <dl class="facts">
            {others.map((field) => (
              <div key={field.name}>
                <dt>{fieldName(field.name, field.name, kind)}</dt>
                <dd class="break">{wordsOf(field, partOf(shown.message, field.name))}</dd>
              </div>
            ))}
          </dl>
        )}
      </div>
    );
  };
}

function composed(kind: string, channel: TextsChannel): Channel {
  return {
    label: channel.label,
    languages: true,
    tests: "elsewhere",
    testHint: channel.testHint,
    views: [{ key: "message", label: "Message", switches: KINDS[kind]?.switches }],
    pick: (stored, language) => pickOf(channel, stored, language),
    bodyOf: (draft) => draft,
    Fields: fieldsOf(channel),
    Preview: previewOf(kind, channel),
  };
}

export const OF_TEXTS: Readonly<Record<string, Channel>> = Object.fromEntries(
  Object.entries(TEXTS).map(([kind, channel]) => [kind, composed(kind, channel)]),
);
