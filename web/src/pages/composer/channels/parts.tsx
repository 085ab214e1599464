// SPDX-License-Identifier: Apache-2.0
// Fields that several channels have.
import { CodeEditor } from "../../../editor/CodeEditor";
import { useQuery } from "../../../lib/query";
import { diagnosticsOf, errorOf } from "../../../preview/message";
import { Button } from "../../../ui/button";
import { CheckField, SelectField, TextField } from "../../../ui/field";
import { isOnPeople, sendingChoices } from "../../broadcasts/types";
import type { FieldsProps } from "./channel";
import { flag, headersOf, numberOf, text } from "./email-draft";

const LINE = 34;

/** Where to go within a field, if it is this one. */
export function goingTo(props: FieldsProps, field: string): { index: number } | null {
  return props.target?.field === field ? props.target : null;
}

/** A field of one line with Liquid in it. */
export function Line({
  field,
  label,
  hint,
  ...props
}: FieldsProps & { field: string; label: string; hint?: string }) {
  return (
    <CodeEditor
      label={label}
      language="liquid"
      oneLine
      height={LINE}
      hint={hint}
      readOnly={props.readOnly}
      value={text(props.draft, field)}
      onChange={(value) => props.change({ [field]: value })}
      completions={props.completions}
      diagnostics={diagnosticsOf(props.answer, field)}
      goTo={goingTo(props, field)}
    />
  );
}

/** Names and values that are sent along. */
export function HeaderRows(props: FieldsProps) {
  const headers = headersOf(props.draft);
  const put = (no: number, change: Partial<{ name: string; value: string }>) =>
    props.change({ headers: headers.map((one, at) => (at === no ? { ...one, ...change } : one)) });
  return (
    <fieldset class="stack-tight composer-headers">
      <legend class="field-label">Headers of your own</legend>
      {headers.map((header, no) => {
        const wrong = errorOf(props.answer, `headers/${header.name}`);
        return (
          <div key={no} class="composer-header">
            <TextField
              label={`Name of header ${no + 1}`}
              hideLabel
              placeholder="X-Name"
              value={header.name}
              disabled={props.readOnly}
              onInput={(name) => put(no, { name })}
            />
            <TextField
              label={`Value of header ${no + 1}`}
              hideLabel
              placeholder="Value, Liquid too"
              value={header.value}
              error={wrong}
              disabled={props.readOnly}
              onInput={(value) => put(no, { value })}
            />
            <Button
              kind="quiet"
              aria-label={`Remove header ${header.name || no + 1}`}
              disabled={props.readOnly}
              onClick={() => props.change({ headers: headers.filter((_, at) => at !== no) })}
            >
              ×
            </Button>
          </div>
        );
      })}
      <div>
        <Button
          disabled={props.readOnly}
          onClick={() => props.change({ headers: [...headers, { name: "", value: "" }] })}
        >
          + Header
        </Button>
      </div>
    </fieldset>
  );
}

/** Whoever does not want it does not get the message; it is chosen where there are any. */
function TopicChoice({
  chosen,
  change,
  readOnly,
}: Pick<FieldsProps, "change" | "readOnly"> & { chosen: number | null }) {
  const found = useQuery<{ topics: { id: number; name: string }[] }>("/v1/subscription_topics").data;
  const known = found?.topics ?? [];
  if (known.length === 0 && chosen === null) return null;
  return (
    <SelectField
      label="Subscription topic"
      hint="Whoever does not want it does not get this message."
      value={String(chosen ?? "")}
      disabled={readOnly}
      onChange={(value) => change({ topic_id: value ? Number(value) : null })}
      options={[
        ["", "That of the broadcast"],
        ...known.map((one) => [String(one.id), one.name] as const),
        ...(chosen !== null && !known.some((one) => one.id === chosen)
          ? [[String(chosen), `Topic ${chosen}`] as const]
          : []),
      ]}
    />
  );
}

/** What holds for a message in every language. */
export function Sending({ kind, draft, change, readOnly }: FieldsProps) {
  const onPerson = isOnPeople(kind);
  return (
    <>
      <TextField
        label={onPerson ? "Name of this step" : "Name of this message"}
        hint="For yourself, and as message.name in Liquid."
        value={text(draft, "name")}
        disabled={readOnly}
        onInput={(name) => change({ name })}
      />
      <SelectField
        label="When the broadcast is triggered"
        value={text(draft, "sending_state")}
        disabled={readOnly}
        onChange={(state) => change({ sending_state: state })}
        options={sendingChoices(kind)}
      />
      {!onPerson && (
        <>
          <CheckField
            label="Send to unsubscribed people, too"
            hint="Only for what they must know, such as a change of terms."
            checked={flag(draft, "send_to_unsubscribed")}
            disabled={readOnly}
            onChange={(checked) => change({ send_to_unsubscribed: checked })}
          />
          <TopicChoice chosen={numberOf(draft, "topic_id")} change={change} readOnly={readOnly} />
        </>
      )}
    </>
  );
}
